// What the parts of the walk by ksef-client-ts share: a JSON object a step on standard output, as in telling.py.
"use strict";

const { createHash } = require("node:crypto");
const ksef = require("ksef-client-ts");

const PATIENCE_MS = 30_000;
// Every question is a call over the network: no pause between them.
const POLL = { intervalMs: 0, maxAttempts: 5_000 };

const base64 = (bytes) => Buffer.from(bytes).toString("base64");
const hashOf = (bytes) => createHash("sha256").update(bytes).digest("base64");

function tell(step, facts = {}) {
  process.stdout.write(`${JSON.stringify({ step, ...facts })}\n`);
}

async function until(ask, done) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (done(answer)) return answer;
    if (Date.now() > end) throw new Error(`still not there: ${JSON.stringify(answer)}`);
  }
}

/** What the client made of a refusal. `shape` is the name of the error it knew. */
async function refusal(call) {
  let answer;
  try {
    answer = await call();
  } catch (refused) {
    if (refused instanceof ksef.KSeFAuthStatusError) {
      // Authentication failed with status <code>: <description> (<detail>; <detail>)
      const [, code, details] = /status (\d+): [^(]*\((.*)\)$/s.exec(refused.message);
      return { failed: Number(code), details: details.split("; ") };
    }
    if (!(refused instanceof ksef.KSeFApiError)) throw refused;
    const errors = refused.errors ?? [];
    return {
      status: refused.statusCode,
      shape: refused.name,
      codes: errors.map((one) => one.code),
      details: errors.flatMap((one) => one.details ?? []),
      reason: refused.reasonCode ?? null,
    };
  }
  throw new Error(`not refused: ${JSON.stringify(answer)}`);
}

module.exports = { POLL, base64, hashOf, refusal, tell, until };
