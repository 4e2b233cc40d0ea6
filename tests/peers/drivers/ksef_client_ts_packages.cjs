// Packages there and back, by ksef-client-ts: batch sessions in Zip and TarGz, exports in both.
"use strict";

const ksef = require("ksef-client-ts");
const { POLL, hashOf, tell } = require("./ksef_client_ts_telling.cjs");

/** A Zip with a good and a faulty invoice, a TarGz with a new one, a TarGz with an old one. */
async function packages(walk) {
  const { other, faulty, packed } = walk.invoices;
  for (const [name, kind, files] of [
    ["Zip", "Zip", { "other.xml": other, "faulty.xml": faulty }],
    ["TarGz", "TarGz", { "packed.xml": packed }],
    ["again", "TarGz", { "other.xml": other }],
  ]) {
    const entries = Object.entries(files).map(([fileName, content]) => ({ fileName, content }));
    const archive = await (kind === "Zip" ? ksef.createZip(entries) : ksef.createTarGz(entries));
    const { sessionRef, upo, failed } = await upload(walk, archive, kind);
    const status = await walk.byToken.sessionStatus.getSessionStatus(sessionRef);
    const listed = await walk.byToken.sessionStatus.getSessionInvoices(sessionRef, 10);
    tell("package", {
      name,
      code: status.status.code,
      failed,
      counts: [status.invoiceCount, status.successfulInvoiceCount, status.failedInvoiceCount],
      files: Object.fromEntries(listed.invoices.map((one) => [one.invoiceFileName, one.status.code])),
      numbers: listed.invoices.map((one) => one.ksefNumber).filter(Boolean),
      receipts: upo.parsed.flatMap((page) => page.dokumenty.map((one) => one.numerKSeFDokumentu)),
    });
  }
}

/** Its one call for a batch throws away the reference of a session that failed; the opening is overheard. */
async function upload(walk, archive, compressionType) {
  const { batchSession } = walk.byToken;
  const opening = batchSession.openSession;
  let opened;
  batchSession.openSession = async (...request) => (opened = await opening.apply(batchSession, request));
  try {
    const done = await ksef.uploadBatchParsed(walk.byToken, archive, { compressionType, pollOptions: POLL });
    return { ...done, failed: null };
  } catch (failure) {
    if (!/^Batch session failed: \d+/.test(failure.message)) throw failure;
    return { sessionRef: opened.referenceNumber, upo: { parsed: [] }, failed: failure.message };
  } finally {
    batchSession.openSession = opening;
  }
}

/** All that the buyer received, in a Zip and in a TarGz, decrypted and unpacked. */
async function exported(walk) {
  for (const kind of ["Zip", "TarGz"]) {
    const options = { compressionType: kind, extract: true, pollOptions: POLL };
    const done = await ksef.exportAndDownload(walk.buyerClient, walk.filters("Subject2"), options);
    const metadata = JSON.parse(done.files.get("_metadata.json").toString("utf8"));
    const invoices = [...done.files].filter(([name]) => name.endsWith(".xml"));
    tell("export", {
      kind,
      count: done.invoiceCount,
      truncated: done.isTruncated,
      hashes: Object.fromEntries(invoices.map(([name, xml]) => [name.slice(0, -4), hashOf(xml)])),
      metadata: Object.fromEntries(metadata.invoices.map((one) => [one.ksefNumber, one.invoiceHash])),
    });
  }
}

module.exports = { exported, packages };
