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
// A token being made or revoked: the page is loaded anew once its state has changed.
for (const watched of document.querySelectorAll("[data-watch]")) {
  let left = 150;
  const look = async () => {
    try {
      const answer = await fetch(watched.dataset.watch, { headers: { Accept: "application/json" } });
      if (answer.redirected || !answer.ok) return;
      if ((await answer.json()).final) return location.reload();
    } catch { /* the next look may succeed */ }
    if (--left > 0) setTimeout(look, 800);
  };
  setTimeout(look, 800);
}
// A form that makes something is sent once: a second click would throw away the answer to the first.
for (const { form } of document.querySelectorAll('input[name="nonce"]')) {
  let sent = -Infinity;
  form.addEventListener("submit", (event) => {
    if (event.timeStamp - sent < 60_000) event.preventDefault();
    else sent = event.timeStamp;
  });
}
// What is secret does not wait in a page that was left.
window.addEventListener("pagehide", () => {
  for (const field of document.querySelectorAll("[data-secret]")) field.value = "";
});
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
// A narrow menu is one line: bring where we are into sight.
const here = document.querySelector(".menu [aria-current]");
if (here) {
  const line = here.closest("ul");
  line.scrollLeft = here.offsetLeft - (line.clientWidth - here.offsetWidth) / 2;
}
