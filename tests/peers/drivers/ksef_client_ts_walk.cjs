// ksef-client-ts 0.10.0 walks through a KSeF. It speaks to 127.0.0.1; under TLS it trusts the CA of
// NODE_EXTRA_CA_CERTS. Knows nothing of Klucznik; tells the steps that telling.py describes.
"use strict";

const { readFileSync } = require("node:fs");
const ksef = require("ksef-client-ts");
const { exported, packages } = require("./ksef_client_ts_packages.cjs");
const { certificates, granted } = require("./ksef_client_ts_rights.cjs");
const { POLL, base64, refusal, tell, until } = require("./ksef_client_ts_telling.cjs");

class Walk {
  constructor(order) {
    this.order = order;
    this.seller = order.seller;
    this.buyer = order.buyer;
    this.invoices = Object.fromEntries(
      Object.entries(order.invoices).map(([name, xml]) => [name, Buffer.from(xml, "base64")]),
    );
    // Nobody is logged in with this one.
    this.open = this.client();
  }

  client() {
    return new ksef.KSeFClient({
      baseUrl: `${this.order.scheme}://127.0.0.1:${this.order.port}`,
      presignedUrlHosts: ["127.0.0.1"],
      retry: { maxRetries: 0 },
    });
  }

  async all() {
    await this.security();
    await this.testPeople();
    await this.xades();
    await this.token();
    await this.onlineSession();
    await this.receipts();
    await packages(this);
    await this.received();
    await exported(this);
    await this.lists();
    await this.limits();
    await certificates(this);
    await granted(this);
    await this.permitted();
    await this.blocked();
    await this.registered();
    await this.strangers();
    await this.revoke();
    await this.leave();
    tell("end");
  }

  /** A client of its own for each login; the reference and the state are overheard, not told by it. */
  async login(identity, nip) {
    return this.loginWith(readFileSync(identity.certificate, "utf8"), readFileSync(identity.key, "utf8"), nip);
  }

  async loginWith(certPem, keyPem, nip) {
    const client = this.overheard();
    await ksef.authenticateWithCertificate(client, { nip, certPem, keyPem, pollOptions: POLL });
    return client;
  }

  async tokenLogin() {
    const client = this.overheard();
    const nip = this.seller.nip;
    await ksef.authenticateWithToken(client, { nip, token: this.ksefToken.token, pollOptions: POLL });
    return client;
  }

  overheard() {
    const client = this.client();
    const ask = client.auth.getAuthStatus.bind(client.auth);
    client.auth.getAuthStatus = async (reference, token) => {
      client.login = { reference, ...(await ask(reference, token)) };
      return client.login;
    };
    return client;
  }

  async security() {
    // The client has no call of its own for the keys: its fetcher reads them, and here the route is asked.
    const answer = await fetch(`${this.open.options.baseUrl}/v2/security/public-key-certificates`);
    const usages = (await answer.json()).flatMap((one) => one.usage).sort();
    await this.open.crypto.init();
    tell("security", { usages });
  }

  async testPeople() {
    await this.open.testData.createPerson({
      nip: this.seller.nip,
      pesel: this.seller.pesel,
      isBailiff: false,
      description: "Ania, a sole trader",
    });
    tell("person created");
  }

  async xades() {
    for (const [identity, files] of Object.entries(this.seller.identities)) {
      this.owner = await this.login(files, this.seller.nip);
      const { reference, status, authenticationMethod } = this.owner.login;
      tell("xades", { identity, reference, code: status.code, method: authenticationMethod });
    }
  }

  async token() {
    const tokens = this.owner.tokens;
    this.ksefToken = await tokens.generateToken({
      permissions: ["InvoiceRead", "InvoiceWrite"],
      description: "ERP of Ania",
    });
    const reference = this.ksefToken.referenceNumber;
    await until(() => tokens.getToken(reference), (answer) => answer.status !== "Pending");
    const listed = await tokens.queryTokens({ status: ["Active"], authorIdentifierType: "Pesel", pageSize: 10 });
    const [item] = listed.tokens.filter((one) => one.referenceNumber === reference);
    tell("token", {
      reference,
      status: item.status,
      form: this.ksefToken.token.split("|").length,
      permissions: item.requestedPermissions,
      author: [item.authorIdentifier.type, item.authorIdentifier.value],
      context: [item.contextIdentifier.type, item.contextIdentifier.value],
    });
    this.byToken = await this.tokenLogin();
    tell("token login", { reference: this.byToken.login.reference });
    const body = { permissions: ["InvoiceRead"], description: "not by a token" };
    tell("token by token", await refusal(() => this.byToken.tokens.generateToken(body)));
  }

  async onlineSession() {
    this.session = await ksef.openOnlineSession(this.byToken, { upoVersion: "upo-v4-3" });
    const reference = this.session.sessionRef;
    const { sessionStatus } = this.byToken;
    tell("session opened", { reference, code: (await sessionStatus.getSessionStatus(reference)).status.code });
    this.sent = {};
    for (const name of ["good", "faulty", "duplicate"]) {
      const sent = await this.session.sendInvoice(this.invoices[name === "duplicate" ? "good" : name]);
      const status = await until(
        () => sessionStatus.getSessionInvoice(reference, sent),
        (answer) => answer.status.code >= 200,
      );
      this.sent[name] = status;
      tell("invoice", {
        name,
        code: status.status.code,
        description: status.status.description,
        details: status.status.details,
        extensions: status.status.extensions,
        ksef_number: status.ksefNumber ?? null,
        invoice_number: status.invoiceNumber,
        hash: status.invoiceHash,
        ordinal: status.ordinalNumber,
        mode: status.invoicingMode ?? null,
      });
    }
    await this.session.close();
    const upo = await this.session.waitForUpo(POLL);
    const closed = await sessionStatus.getSessionStatus(reference);
    tell("session closed", {
      code: closed.status.code,
      total: upo.invoiceCount,
      successful: upo.successfulInvoiceCount,
      failed: upo.failedInvoiceCount,
      pages: upo.pages.length,
    });
    this.page = upo.pages[0];
    tell("sent too late", await refusal(() => this.session.sendInvoice(this.invoices.other)));
  }

  async receipts() {
    const { sessionStatus } = this.byToken;
    const reference = this.session.sessionRef;
    const good = await until(
      () => sessionStatus.getSessionInvoice(reference, this.sent.good.referenceNumber),
      (answer) => answer.permanentStorageDate != null,
    );
    const number = good.ksefNumber;
    const receipts = {
      "by reference": await sessionStatus.getInvoiceUpoByReference(reference, good.referenceNumber),
      "by number": await sessionStatus.getInvoiceUpoByKsefNumber(reference, number),
      page: await sessionStatus.getSessionUpo(reference, this.page.referenceNumber),
    };
    for (const [name, { upo, hash }] of Object.entries(receipts)) {
      tell("upo", { name, xml: base64(upo), hash, read: ksef.parseUpoXml(upo).dokumenty.length });
    }
    // The client has no call for the addresses; they are fetched bare, as a browser would.
    for (const [name, address] of [
      ["by address", good.upoDownloadUrl],
      ["page by address", this.page.downloadUrl],
    ]) {
      ksef.validatePresignedUrl(address, { ...ksef.defaultPresignedUrlPolicy(), ...this.lenient() });
      tell("upo", { name, xml: base64(await (await fetch(address)).arrayBuffer()) });
    }
    tell("forged address", { status: (await fetch(good.upoDownloadUrl.slice(0, -1))).status });
  }

  /** Its own rules for pre-signed addresses want a public host and https: as much of them as can hold here. */
  lenient() {
    return {
      allowedHosts: ["127.0.0.1"],
      rejectPrivateIps: false,
      requireHttps: this.order.scheme === "https",
    };
  }

  filters(subjectType) {
    return { subjectType, dateRange: { dateType: "PermanentStorage", from: this.order.from } };
  }

  async received() {
    this.buyerClient = await this.login(this.buyer.identity, this.buyer.nip);
    const { invoices } = this.buyerClient;
    const filters = this.filters("Subject2");
    const found = await until(
      () => invoices.queryInvoiceMetadata(filters, 0, 10),
      (answer) => answer.invoices.length >= 3,
    );
    const iterated = await ksef.collectAllInvoiceMetadata(this.buyerClient, filters, { pageSize: 10 });
    const number = this.sent.good.ksefNumber;
    const [item] = found.invoices.filter((one) => one.ksefNumber === number);
    tell("metadata", {
      numbers: found.invoices.map((one) => one.ksefNumber),
      iterated: iterated.map((one) => one.ksefNumber),
      more: found.hasMore,
      truncated: found.isTruncated,
      seller: item.seller.nip,
      buyer: item.buyer.identifier.value,
      gross: item.grossAmount,
      hash: item.invoiceHash,
      form: item.formCode.systemCode,
      mode: item.invoicingMode,
      type: item.invoiceType,
    });
    const { xml, hash } = await invoices.getInvoice(number);
    tell("downloaded", { xml: base64(xml), hash });
  }

  async lists() {
    const { sessionStatus, activeSessions, auth, authManager } = this.owner;
    const reference = this.session.sessionRef;
    const sessions = await sessionStatus.getSessions("Online", 10, undefined, { statuses: ["Succeeded"] });
    const invoices = await this.byToken.sessionStatus.getSessionInvoices(reference, 10);
    const failed = await this.byToken.sessionStatus.getSessionFailedInvoices(reference, 10);
    tell("lists", {
      sessions: Object.fromEntries(sessions.sessions.map((one) => [one.referenceNumber, one.totalInvoiceCount])),
      invoices: invoices.invoices.map((one) => one.status.code),
      failed: failed.invoices.map((one) => one.status.code),
    });
    const logins = await activeSessions.getActiveSessions(10);
    const refreshed = await auth.refreshAccessToken(authManager.getRefreshToken());
    tell("logins", {
      current: logins.items.filter((one) => one.isCurrent).map((one) => one.referenceNumber),
      count: logins.items.length,
      refreshed: Boolean(refreshed.accessToken.token),
    });
  }

  async limits() {
    const { limits } = this.owner;
    const [context, subject, rates] = [
      await limits.getContextLimits(),
      await limits.getSubjectLimits(),
      await limits.getRateLimits(),
    ];
    tell("limits", {
      online: context.onlineSession.maxInvoices,
      batch: context.batchSession.maxInvoices,
      certificates: subject.certificate.maxCertificates,
      send: rates.invoiceSend.perSecond,
    });
  }

  async permitted() {
    const { stranger } = this.order;
    const { nip } = this.seller;
    const before = await refusal(() => this.login(stranger.identity, nip));
    const sides = {
      contextIdentifier: { type: "Nip", value: nip },
      authorizedIdentifier: { type: "Nip", value: stranger.nip },
    };
    await this.open.testData.grantPermissions({
      ...sides,
      permissions: [{ description: "reads for Ania", permissionType: "InvoiceRead" }],
    });
    const by = await this.login(stranger.identity, nip);
    const { xml } = await by.invoices.getInvoice(this.sent.good.ksefNumber);
    await this.open.testData.revokePermissions(sides);
    const after = await refusal(() => this.login(stranger.identity, nip));
    tell("permissions", { before, read: Buffer.byteLength(xml), after });
  }

  async blocked() {
    const contextIdentifier = { type: "Nip", value: this.seller.nip };
    const [identity] = Object.values(this.seller.identities);
    await this.open.testData.blockContext({ contextIdentifier });
    const during = await refusal(() => this.login(identity, this.seller.nip));
    await this.open.testData.unblockContext({ contextIdentifier });
    const after = await this.login(identity, this.seller.nip);
    tell("blocked", { during, after: after.login.reference });
  }

  async registered() {
    const { testData } = this.open;
    const subject = { subjectNip: this.order.group, subjectType: "VatGroup", description: "a VAT group" };
    await testData.createSubject(subject);
    const twice = await refusal(() => testData.createSubject(subject));
    await testData.removeSubject({ subjectNip: this.order.group });
    tell("registered twice", twice);
  }

  async strangers() {
    const { stranger } = this.order;
    const by = await this.login(stranger.identity, stranger.nip);
    const number = this.sent.good.ksefNumber;
    const reference = this.session.sessionRef;
    const token = this.ksefToken.referenceNumber;
    tell("stranger reads the invoice", await refusal(() => by.invoices.getInvoice(number)));
    tell("stranger asks for the session", await refusal(() => by.sessionStatus.getSessionStatus(reference)));
    tell("stranger revokes the token", await refusal(() => by.tokens.revokeToken(token)));
    tell("nobody asks", await refusal(() => this.open.sessionStatus.getSessionStatus(reference)));
    tell("unknown number", await refusal(() => this.owner.invoices.getInvoice(this.order.unknown)));
  }

  async revoke() {
    const { tokens } = this.owner;
    const reference = this.ksefToken.referenceNumber;
    await tokens.revokeToken(reference);
    const { status } = await until(
      () => tokens.getToken(reference),
      (answer) => !["Active", "Revoking"].includes(answer.status),
    );
    tell("revoked", { status });
    tell("login with a revoked token", await refusal(() => this.tokenLogin()));
    const { auth, authManager } = this.byToken;
    const refreshing = () => auth.refreshAccessToken(authManager.getRefreshToken());
    tell("refresh of a revoked token", await refusal(refreshing));
  }

  async leave() {
    const { activeSessions, auth, authManager } = this.owner;
    await activeSessions.revokeSession(this.byToken.login.reference);
    const refreshToken = authManager.getRefreshToken();
    await activeSessions.revokeCurrentSession();
    tell("refresh after leaving", await refusal(() => auth.refreshAccessToken(refreshToken)));
    await this.open.testData.removePerson({ nip: this.seller.nip });
  }
}

new Walk(JSON.parse(readFileSync(0, "utf8"))).all();
