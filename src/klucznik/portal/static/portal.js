// Little helpers; every page works without them.
"use strict";
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    document.getElementById(button.dataset.told).textContent = button.dataset.done;
  } catch {
    source.select?.();
  }
});
