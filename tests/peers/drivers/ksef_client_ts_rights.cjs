// Certificates and permissions, by ksef-client-ts: what Ania is given, and what she gives.
"use strict";

const { base64, refusal, tell, until } = require("./ksef_client_ts_telling.cjs");

/** Enrol, retrieve, log in with it, revoke, try again. */
async function certificates(walk) {
  const { certificates, crypto } = walk.owner;
  const before = await certificates.getLimits();
  const { countryName, ...names } = await certificates.getEnrollmentData();
  const made = await crypto.generateCsrEcdsa({ ...names, countryCode: countryName });
  const enrolled = await certificates.enroll({
    certificateName: "ERP of Ania",
    certificateType: "Authentication",
    csr: base64(made.csrDer),
  });
  const status = await until(
    () => certificates.getEnrollmentStatus(enrolled.referenceNumber),
    (answer) => answer.status.code !== 100,
  );
  const serial = status.certificateSerialNumber;
  const [one] = (await certificates.retrieve({ certificateSerialNumbers: [serial] })).certificates;
  const after = await certificates.getLimits();
  tell("certificate", {
    code: status.status.code,
    serial,
    names: [one.certificateName, one.certificateType],
    certificate: one.certificate,
    listed: await listedCertificate(walk, serial),
    remaining: [before.certificate.remaining, after.certificate.remaining],
  });
  const pem = `-----BEGIN CERTIFICATE-----\n${one.certificate.match(/.{1,64}/g).join("\n")}\n-----END CERTIFICATE-----\n`;
  const by = await walk.loginWith(pem, made.privateKeyPem, walk.seller.nip);
  tell("certificate login", { reference: by.login.reference, method: by.login.authenticationMethod });
  await certificates.revoke(serial, { revocationReason: "Superseded" });
  const listed = await until(() => listedCertificate(walk, serial), ([state]) => state !== "Blocked");
  tell("certificate revoked", { listed });
  const nip = walk.seller.nip;
  tell("login with a revoked certificate", await refusal(() => walk.loginWith(pem, made.privateKeyPem, nip)));
}

async function listedCertificate(walk, serial) {
  const found = await walk.owner.certificates.query({ certificateSerialNumber: serial }, 10, 0);
  return found.certificates.map((one) => one.status);
}

/** Ania permits Obcy by herself, sees it, and takes it back. */
async function granted(walk) {
  const { permissions } = walk.owner;
  const { stranger } = walk.order;
  const finished = async ({ referenceNumber }) =>
    (await until(() => permissions.getOperationStatus(referenceNumber), (answer) => answer.status.code !== 100))
      .status.code;
  const code = await finished(
    await permissions.grantPersonPermissions({
      subjectIdentifier: { type: "Nip", value: stranger.nip },
      permissions: ["InvoiceRead"],
      description: "reads for Ania",
      subjectDetails: {
        subjectDetailsType: "PersonByIdentifier",
        personById: { firstName: "Obcy", lastName: "Obcy" },
      },
    }),
  );
  const query = {
    queryType: "PermissionsGrantedInCurrentContext",
    authorizedIdentifier: { type: "Nip", value: stranger.nip },
  };
  const [found] = (await permissions.queryPersonsGrants(query, 0, 10)).permissions;
  const by = await walk.login(stranger.identity, walk.seller.nip);
  const mine = await by.permissions.queryPersonalGrants({}, 0, 10);
  const { xml } = await by.invoices.getInvoice(walk.sent.good.ksefNumber);
  const revoked = await finished(await permissions.revokeCommonGrant(found.id));
  tell("grant", {
    code,
    scope: found.permissionScope,
    author: [found.authorIdentifier.type, found.authorIdentifier.value],
    state: found.permissionState,
    mine: mine.permissions.map((one) => one.permissionScope),
    read: Buffer.byteLength(xml),
    revoked,
    left: (await permissions.queryPersonsGrants(query, 0, 10)).permissions.length,
    after: await refusal(() => walk.login(stranger.identity, walk.seller.nip)),
  });
}

module.exports = { certificates, granted };
