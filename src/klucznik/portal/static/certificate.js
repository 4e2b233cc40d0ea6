// The key of a certificate, made in this browser: only the request that it signs is sent (certificates.md 4).
// The key leaves as a file, sealed by a password (PKCS#8, PBES2: PBKDF2 and AES-256-CBC).
"use strict";
(() => {
  const ROUNDS = 600_000;
  const encoder = new TextEncoder();

  // ---- DER: a tag, a length, the contents -------------------------------------------------------
  const joined = (parts) => {
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) { bytes.set(part, at); at += part.length; }
    return bytes;
  };
  const node = (tag, ...parts) => {
    const body = joined(parts);
    const length = [];
    for (let rest = body.length; rest > 0; rest = Math.floor(rest / 256)) length.unshift(rest % 256);
    const head = body.length < 128 ? [tag, body.length] : [tag, 0x80 | length.length, ...length];
    return joined([Uint8Array.from(head), body]);
  };
  const sequence = (...parts) => node(0x30, ...parts);
  const nothing = node(0x05);
  const octets = (bytes) => node(0x04, bytes);
  const bits = (bytes) => node(0x03, Uint8Array.of(0), bytes);
  const integer = (bytes) => {
    let from = 0;
    while (from < bytes.length - 1 && bytes[from] === 0) from += 1;
    const body = bytes.slice(from);
    return node(0x02, body[0] & 0x80 ? joined([Uint8Array.of(0), body]) : body);
  };
  const small = (number) => integer(Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number));
  const oid = (dotted) => {
    const [first, second, ...rest] = dotted.split(".").map(Number);
    const bytes = [];
    for (const arc of [first * 40 + second, ...rest]) {
      const digits = [arc % 128];
      for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) digits.unshift(0x80 | left % 128);
      bytes.push(...digits);
    }
    return node(0x06, Uint8Array.from(bytes));
  };
  // Country and serial number are PrintableString by their definition, the others UTF8String.
  const PRINTABLE = ["2.5.4.5", "2.5.4.6"];
  const attribute = ([number, value]) =>
    node(0x31, sequence(oid(number), node(PRINTABLE.includes(number) ? 0x13 : 0x0c, encoder.encode(value))));
  const pem = (label, bytes) => {
    const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
    return `-----BEGIN ${label}-----\n${text.match(/.{1,64}/g).join("\n")}\n-----END ${label}-----\n`;
  };

  // ---- keys -------------------------------------------------------------------------------------
  const EC = {
    make: { name: "ECDSA", namedCurve: "P-256" },
    sign: { name: "ECDSA", hash: "SHA-256" },
    algorithm: sequence(oid("1.2.840.10045.4.3.2")),
    // WebCrypto gives r and s side by side, a certificate request has them as two numbers.
    signature: (raw) => sequence(integer(raw.slice(0, 32)), integer(raw.slice(32))),
  };
  const RSA = {
    make: { name: "RSASSA-PKCS1-v1_5", modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1), hash: "SHA-256" },
    sign: { name: "RSASSA-PKCS1-v1_5" },
    algorithm: sequence(oid("1.2.840.113549.1.1.11"), nothing),
    signature: (raw) => raw,
  };

  async function request(kind, pair, subject) {
    const spki = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
    const info = sequence(small(0), sequence(...subject.map(attribute)), spki, node(0xa0));
    const raw = new Uint8Array(await crypto.subtle.sign(kind.sign, pair.privateKey, info));
    return pem("CERTIFICATE REQUEST", sequence(info, kind.algorithm, bits(kind.signature(raw))));
  }

  async function sealed(privateKey, password) {
    const salt = crypto.getRandomValues(new Uint8Array(16));
    const iv = crypto.getRandomValues(new Uint8Array(16));
    const from = await crypto.subtle.importKey("raw", encoder.encode(password), "PBKDF2", false, ["deriveKey"]);
    const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations: ROUNDS };
    const key = await crypto.subtle.deriveKey(how, from, { name: "AES-CBC", length: 256 }, false, ["encrypt"]);
    const plain = new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey));
    const secret = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-CBC", iv }, key, plain));
    plain.fill(0);
    const derivation = sequence(oid("1.2.840.113549.1.5.12"),
      sequence(octets(salt), small(ROUNDS), sequence(oid("1.2.840.113549.2.9"), nothing)));
    const cipher = sequence(oid("2.16.840.1.101.3.4.1.42"), octets(iv));
    const scheme = sequence(oid("1.2.840.113549.1.5.13"), sequence(derivation, cipher));
    return pem("ENCRYPTED PRIVATE KEY", sequence(scheme, octets(secret)));
  }

  function save(name, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/x-pem-file" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  // ---- the form ---------------------------------------------------------------------------------
  const maker = document.querySelector("[data-key-maker]");
  if (!maker) return;
  const [password, again, kind, told, csr] =
    ["key-password", "key-again", "key-kind", "key-told", "csr"].map((id) => document.getElementById(id));
  const tell = (word, good) => {
    told.textContent = maker.dataset[word];
    told.className = `flash ${good ? "good" : "bad"}`;
  };
  maker.hidden = false;
  const button = maker.querySelector("button");
  if (!globalThis.crypto?.subtle) {
    button.disabled = true;
    tell("insecure", false);
    return;
  }
  button.addEventListener("click", async () => {
    const text = password.value;
    const strong = text.length >= 15 && text.length <= 32 && [/\p{Lu}/u, /\p{Ll}/u, /\d/, /[^\p{L}\d]/u].every((part) => part.test(text));
    if (!strong) { tell("weak", false); password.focus(); return; }
    if (text !== again.value) { tell("unlike", false); again.focus(); return; }
    button.disabled = true;
    try {
      const of = kind.value === "rsa" ? RSA : EC;
      const pair = await crypto.subtle.generateKey(of.make, true, ["sign", "verify"]);
      const made = await request(of, pair, JSON.parse(maker.dataset.subject));
      save("ksef-key.pem", await sealed(pair.privateKey, text));
      csr.value = made;
      password.value = again.value = "";
      tell("done", true);
    } finally {
      button.disabled = false;
    }
  });
})();
