"""The tables of the local KSeF. States and who moves them: docs/states.md.

Instants are stored as integers, microseconds since 1970 UTC (`stamp`, `instant`): exact, sortable,
the same in SQLite and PostgreSQL. Lists and maps are JSON text. No secret stands here in the clear:
KSeF tokens as SHA-256, session keys as the client wrapped them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    inspect,
    text,
)

#: Raised by one with every change of the tables; a data folder of a newer version is refused.
VERSION = 8

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def stamp(moment: datetime) -> int:
    """An instant as microseconds since 1970 UTC."""
    return (moment - _EPOCH) // _MICROSECOND


def instant(value: int) -> datetime:
    """The instant of a stored stamp, aware, in UTC."""
    return _EPOCH + timedelta(microseconds=value)


def instant_or_none(value: int | None) -> datetime | None:
    """As `instant`, absent stays absent."""
    return None if value is None else instant(value)


metadata = MetaData()

#: POST /auth/challenge: used once, within ten minutes.
challenges = Table(
    "challenges",
    metadata,
    Column("challenge", Text, primary_key=True),
    Column("timestamp_ms", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("used", Boolean, nullable=False, default=False),
)

#: One login: from 202 to redeem, refresh and revocation (an "auth session" once redeemed).
auth_operations = Table(
    "auth_operations",
    metadata,
    Column("ref", Text, primary_key=True),
    Column("created", BigInteger, nullable=False),
    Column("status", Integer, nullable=False),  # 100 while in work, then final: auth.md section 2
    Column("details", Text),  # JSON list
    Column("why", Text),  # plain words, never on the wire
    Column("method", Text, nullable=False),  # AuthenticationMethod
    Column("category", Text, nullable=False),
    Column("method_code", Text, nullable=False),
    Column("method_name", Text, nullable=False),
    Column("context_type", Text, nullable=False),
    Column("context_value", Text, nullable=False),
    Column("subject_type", Text),  # Nip, Pesel, Fingerprint, PeppolId; null until a token is resolved
    Column("subject_value", Text),
    Column("subject", Text),  # JSON of the `sud` claim
    Column("policy", Text),  # JSON of the IP allow-list, null = any
    Column("token_ref", Text),  # KSeF token logged in with
    Column("document_hash", Text),  # Base64 SHA-256 of the signed AuthTokenRequest
    Column("encrypted_token", LargeBinary),  # until resolved, then null
    Column("certificate", LargeBinary),  # DER whose chain is to be checked; until then, then null
    Column("public_key_id", Text),
    Column("timestamp_ms", BigInteger),  # of the challenge
    Column("redeemed", BigInteger),
    Column("refreshed", BigInteger),
    Column("refresh_until", BigInteger),
    Column("revoked", BigInteger),
    Index("auth_operations_work", "status"),
    Index("auth_operations_subject", "subject_type", "subject_value", "context_value"),
)

ksef_tokens = Table(
    "ksef_tokens",
    metadata,
    Column("ref", Text, primary_key=True),
    Column("created", BigInteger, nullable=False),
    Column("author_type", Text, nullable=False),
    Column("author_value", Text, nullable=False),
    Column("context_type", Text, nullable=False),
    Column("context_value", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("permissions", Text, nullable=False),  # JSON list
    Column("secret_hash", Text, nullable=False),  # hex SHA-256 of the secret part
    Column("lookup", Text),  # first 8 characters of a short40 token
    Column("status", Text, nullable=False),
    Column("last_use", BigInteger),
    Column("subject", Text),  # JSON of the author's `sud` claim
    Index("ksef_tokens_context", "context_type", "context_value", "created"),
    Index("ksef_tokens_lookup", "lookup", unique=True),
    Index("ksef_tokens_work", "status"),
)

#: Certificate enrolments: from 202 to a certificate or a refusal; each counts against its subject for good.
enrollments = Table(
    "enrollments",
    metadata,
    Column("ref", Text, primary_key=True),
    Column("created", BigInteger, nullable=False),
    Column("subject_type", Text, nullable=False),
    Column("subject_value", Text, nullable=False),
    Column("status", Integer, nullable=False),  # 100, then 200 or 400: certificates.md section 4
    Column("details", Text),  # JSON list
    Column("why", Text),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),  # Authentication, Offline
    Column("csr", LargeBinary, nullable=False),  # DER
    Column("valid_from", BigInteger),
    Column("serial", Text),  # once issued
    Index("enrollments_subject", "subject_type", "subject_value"),
    Index("enrollments_work", "status"),
)

#: KSeF certificates. Expired is no status here but a time: `valid_to`.
certificates = Table(
    "certificates",
    metadata,
    Column("serial", Text, primary_key=True),  # 16 upper-case hex digits, that of the X.509
    Column("subject_type", Text, nullable=False),
    Column("subject_value", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("common_name", Text, nullable=False),
    Column("public_key_id", Text, nullable=False, index=True),
    Column("certificate", LargeBinary, nullable=False),  # DER
    Column("status", Text, nullable=False),  # Active, Blocked, Revoked
    Column("reason", Text),  # of the revocation
    Column("requested", BigInteger, nullable=False),
    Column("valid_from", BigInteger, nullable=False),
    Column("valid_to", BigInteger, nullable=False),
    Column("last_use", BigInteger),
    Index("certificates_subject", "subject_type", "subject_value", "requested"),
    Index("certificates_work", "status"),
)

#: /testdata/limits/subject: what a subject was given instead of the defaults; null is the default.
subject_limits = Table(
    "subject_limits",
    metadata,
    Column("subject_type", Text, primary_key=True),
    Column("subject_value", Text, primary_key=True),
    Column("enrollments", Integer),
    Column("certificates", Integer),
)

#: /testdata/subject: entities with a role, and their subunits (parent set).
subjects = Table(
    "subjects",
    metadata,
    Column("nip", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("parent", Text),
    Column("description", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
)

#: /testdata/person: the NIP-PESEL link and its flags.
persons = Table(
    "persons",
    metadata,
    Column("nip", Text, primary_key=True),
    Column("pesel", Text, nullable=False, index=True),
    Column("bailiff", Boolean, nullable=False),
    Column("deceased", Boolean, nullable=False),
    Column("description", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
)

#: Who may do what, and where. Rules: permissions.md sections 3 to 7.
grants = Table(
    "grants",
    metadata,
    Column("id", Text, primary_key=True),
    # How it was granted: person, entity, indirect, subunit, eu-admin, eu.
    Column("kind", Text, nullable=False),
    # Where it is good; of an indirect one, the intermediary: where it is good is the target.
    Column("context_type", Text, nullable=False),
    Column("context_value", Text, nullable=False),
    Column("subject_type", Text, nullable=False),
    Column("subject_value", Text, nullable=False),
    Column("permission", Text, nullable=False),
    Column("can_delegate", Boolean, nullable=False),
    Column("target_type", Text, nullable=False),  # Nip, InternalId, AllPartners; "" unless indirect
    Column("target_value", Text, nullable=False),
    # The context it was granted from: another one for administrators of units and EU entities.
    Column("from_type", Text, nullable=False),
    Column("from_value", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("author_type", Text, nullable=False),
    Column("author_value", Text),
    Column("created", BigInteger, nullable=False),
    Column("details", Text),  # JSON: whom it names, flat as lists show it
    Column("unit_name", Text),
    Column("eu_entity", Text),  # JSON {name, fullName, address}
    Index(
        "grants_once",
        "context_type",
        "context_value",
        "subject_type",
        "subject_value",
        "permission",
        "kind",
        "can_delegate",
        "target_type",
        "target_value",
        unique=True,
    ),
    Index("grants_subject", "subject_type", "subject_value", "kind"),
    Index("grants_from", "from_type", "from_value", "kind"),
    # The order of the list of a context: a page of it costs a page, however many there are.
    Index("grants_newest", "context_type", "context_value", "created"),
)

#: What one company lets another do from that one's own context: permissions.md section 5.
authorizations = Table(
    "authorizations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("nip", Text, nullable=False),  # who authorizes
    Column("subject_type", Text, nullable=False),  # Nip, PeppolId
    Column("subject_value", Text, nullable=False),
    Column("permission", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("author_type", Text, nullable=False),
    Column("author_value", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("full_name", Text, nullable=False),
    Index("authorizations_once", "nip", "subject_type", "subject_value", "permission", unique=True),
    Index("authorizations_subject", "subject_type", "subject_value"),
)

#: Grants and revocations on their way: permissions.md section 9.
permission_operations = Table(
    "permission_operations",
    metadata,
    Column("ref", Text, primary_key=True),
    Column("created", BigInteger, nullable=False),
    Column("status", Integer, nullable=False),  # 100, then final
    Column("why", Text),
    Column("action", Text, nullable=False),  # the kind that is granted, or what is revoked
    Column("needs", Text, nullable=False),  # JSON list: permissions of which the author must hold one
    Column("context_type", Text, nullable=False),
    Column("context_value", Text, nullable=False),
    Column("author_type", Text, nullable=False),
    Column("author_value", Text, nullable=False),
    Column("body", Text, nullable=False),  # JSON
    Index(
        "permission_operations_work",
        "created",
        sqlite_where=text("status = 100"),
        postgresql_where=text("status = 100"),
    ),
)

#: Consents to invoices with attachments, filed with the tax office: permissions.md section 11.
attachment_consents = Table(
    "attachment_consents",
    metadata,
    Column("nip", Text, primary_key=True),
    Column("ends", BigInteger),  # null: without end
)

blocked_contexts = Table(
    "blocked_contexts",
    metadata,
    Column("context_type", Text, primary_key=True),
    Column("context_value", Text, primary_key=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("ref", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # Online, Batch
    Column("context_type", Text, nullable=False),
    Column("context_value", Text, nullable=False),
    Column("subject_type", Text, nullable=False),
    Column("subject_value", Text, nullable=False),
    Column("auth_ref", Text, nullable=False),
    Column("system_code", Text, nullable=False),
    Column("schema_version", Text, nullable=False),
    Column("form_value", Text, nullable=False),
    Column("checksums", Boolean, nullable=False),  # X-KSeF-Feature: subject-identifier-validation
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("iv", LargeBinary, nullable=False),
    Column("public_key_id", Text),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("closed", BigInteger),
    Column("valid_until", BigInteger, nullable=False),
    Column("status", Integer, nullable=False),  # 100, 170, then final: sessions.md section 7
    Column("bad_key", Boolean, nullable=False),  # the wrapped key does not open: 415 is to come
    Column("details", Text),
    Column("why", Text),
    Column("sent", Integer, nullable=False, default=0),
    Column("accepted", Integer, nullable=False, default=0),
    Column("failed", Integer, nullable=False, default=0),
    Index("sessions_context", "context_type", "context_value", "created"),
    Index("sessions_work", "status", "valid_until"),
)

#: What a batch session has besides: its package, and how far that has come (docs/states.md).
batches = Table(
    "batches",
    metadata,
    Column("ref", Text, primary_key=True),  # of the session
    Column("size", BigInteger, nullable=False),  # of the archive before encryption, in bytes
    Column("hash", Text, nullable=False),
    Column("compression", Text, nullable=False),  # CompressionType
    Column("offline", Boolean, nullable=False),
    Column("permissions", Text, nullable=False),  # JSON list: what its opener held
    Column("upload_until", BigInteger, nullable=False),
    Column("unpacked", Boolean, nullable=False, default=False),  # all its invoices are rows now
    Column("lease_by", Text),  # who unpacks it: `leases`
    Column("lease_until", BigInteger),  # by the machine's clock
)

#: The parts of a package: as declared, and as uploaded last.
batch_parts = Table(
    "batch_parts",
    metadata,
    Column("session_ref", Text, primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("size", BigInteger, nullable=False),  # declared, encrypted, in bytes
    Column("hash", Text, nullable=False),
    Column("uploaded_size", BigInteger),  # null until there is one
    Column("uploaded_hash", Text),
    Column("file", Text),  # its name in the folder of the session
)

invoices = Table(
    "invoices",
    metadata,
    Column("ref", Text, primary_key=True),
    Column("session_ref", Text, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("status", Integer, nullable=False),  # 100 received, then final: invoice-verification.md section 2
    Column("verdict", Integer, nullable=False),  # what the document alone says: 0 clean, else a final status
    Column("relation", Text),  # what the seller must have granted to the context; null for its own invoices
    Column("details", Text),  # JSON list; on the wire once the status is final
    Column("extensions", Text),  # JSON object, 440 alone
    Column("why", Text),
    Column("invoice_hash", Text, nullable=False),
    Column("corrected_hash", Text),
    Column("file_name", Text),
    Column("offline", Boolean, nullable=False),
    Column("invoicing", BigInteger, nullable=False),
    Column("acquired", BigInteger),
    Column("stored", BigInteger),  # permanentStorageDate; visible once it has come
    Column("mode", Text),
    Column("ksef_number", Text, unique=True),
    Column("context_type", Text, nullable=False),
    Column("context_value", Text, nullable=False),
    Column("seller_nip", Text),
    Column("seller_name", Text),
    Column("buyer_type", Text),
    Column("buyer_value", Text),
    Column("buyer_name", Text),
    Column("number", Text),  # P_2
    Column("kind", Text),  # InvoiceType
    Column("issued", Text),  # P_1 as yyyy-MM-dd
    Column("currency", Text),
    Column("net", Text),
    Column("vat", Text),
    Column("gross", Text),
    Column("self_invoicing", Boolean),
    Column("attachment", Boolean),
    Column("thirds", Text),  # JSON list of {type, value, name, role}
    Column("authorized", Text),  # JSON {nip, name, role}
    Column("system_code", Text, nullable=False),
    Column("schema_version", Text, nullable=False),
    Column("form_value", Text, nullable=False),
    Index("invoices_session", "session_ref", "ordinal", unique=True),
    Index("invoices_hash", "invoice_hash"),
    Index(
        "invoices_corrected",
        "corrected_hash",
        sqlite_where=text("corrected_hash IS NOT NULL"),
        postgresql_where=text("corrected_hash IS NOT NULL"),
    ),
    Index("invoices_seller", "seller_nip", "stored"),
    Index("invoices_buyer", "buyer_value", "stored"),
    # The duplicate rule, held by the database: invoice-verification.md section 6.
    Index(
        "invoices_once",
        "seller_nip",
        "kind",
        "number",
        unique=True,
        sqlite_where=text("ksef_number IS NOT NULL"),
        postgresql_where=text("ksef_number IS NOT NULL"),
    ),
    Index(
        "invoices_work", "ordinal", sqlite_where=text("status = 100"), postgresql_where=text("status = 100")
    ),
)

#: Who else may see an invoice: Podmiot3 and PodmiotUpowazniony, by identifier.
invoice_parties = Table(
    "invoice_parties",
    metadata,
    Column("invoice_ref", Text, primary_key=True),
    Column("role", Text, primary_key=True),  # Subject3, SubjectAuthorized
    Column("id_type", Text, primary_key=True),
    Column("id_value", Text, primary_key=True),
    Index("invoice_parties_who", "id_value", "role"),
)

#: The bytes of an invoice exactly as sent (decrypted), apart from its row: lists never read them.
invoice_bytes = Table(
    "invoice_bytes",
    metadata,
    Column("invoice_ref", Text, primary_key=True),
    Column("xml", LargeBinary, nullable=False),
)

#: Signed receipts: made once, kept as signed. `ref`: invoice reference or page (EU) number.
upos = Table(
    "upos",
    metadata,
    Column("ref", Text, primary_key=True),
    Column("session_ref", Text, nullable=False, index=True),
    Column("page", Integer, nullable=False),  # 0 for the UPO of one invoice
    Column("hash", Text, nullable=False),
    Column("xml", LargeBinary, nullable=False),
)

#: POST /invoices/exports: from 201 to a package, and on until it is gone.
exports = Table(
    "exports",
    metadata,
    Column("ref", Text, primary_key=True),
    Column("created", BigInteger, nullable=False),
    Column("context_type", Text, nullable=False),
    Column("context_value", Text, nullable=False),
    Column("subject_type", Text, nullable=False),
    Column("subject_value", Text, nullable=False),
    Column("status", Integer, nullable=False),  # 100, then final: query-export.md section 4
    Column("details", Text),  # JSON list
    Column("why", Text),
    Column("filters", Text, nullable=False),  # JSON, InvoiceQueryFilters
    Column("only_metadata", Boolean, nullable=False),
    Column("compression", Text, nullable=False),  # CompressionType
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("iv", LargeBinary, nullable=False),
    Column("public_key_id", Text),
    Column("completed", BigInteger),
    Column("package_until", BigInteger),
    Column("invoice_count", BigInteger),
    Column("size", BigInteger),  # of the whole plain archive, in bytes
    Column("truncated", Boolean),
    Column("last_date", Text),  # when truncated: a stamp, or yyyy-MM-dd for a range by Issue
    Column("hwm", BigInteger),
    Column("lease_by", Text),  # who packs it: `leases`
    Column("lease_until", BigInteger),  # by the machine's clock
    Index("exports_work", "status", "package_until"),
    Index("exports_subject", "context_type", "context_value", "subject_type", "subject_value", "status"),
)

#: The pieces of a package, encrypted, until it expires.
export_parts = Table(
    "export_parts",
    metadata,
    Column("export_ref", Text, primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("plain_size", BigInteger, nullable=False),
    Column("plain_hash", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

#: Identifiers for the payment of several invoices at once; never changed, never removed.
collective_identifiers = Table(
    "collective_identifiers",
    metadata,
    Column("number", Text, primary_key=True),
    Column("created", BigInteger, nullable=False),
    Column("seller_nip", Text, nullable=False),
    Column("context_type", Text, nullable=False),
    Column("context_value", Text, nullable=False),
    Column("invoice_count", Integer, nullable=False),
    Index("collective_context", "context_type", "context_value", "created"),
    Index("collective_seller", "seller_nip", "created"),
)

collective_invoices = Table(
    "collective_invoices",
    metadata,
    Column("number", Text, primary_key=True),
    Column("ksef_number", Text, primary_key=True),
    Column("amount", Text),
    Column("currency", Text),
    Column("description", Text),
    Index("collective_of_invoice", "ksef_number"),
)

#: Peppol providers: each is there once it has logged in with its seal.
peppol_providers = Table(
    "peppol_providers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
)

#: /testdata/rate-limits and /testdata/limits/context/session: what a context was given; null is the default.
context_limits = Table(
    "context_limits",
    metadata,
    Column("context_type", Text, primary_key=True),
    Column("context_value", Text, primary_key=True),
    Column("rates", Text),  # JSON, LimitGroup to [per second, per minute, per hour]
    Column("session", Text),  # JSON, SetSessionLimitsRequest
)

#: Small facts of the installation: the number counter, the version.
settings = Table(
    "settings",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

#: The causes of refusals, the newest ones: what the management door tells under /why.
causes = Table(
    "causes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False, index=True),
    Column("trace_id", Text, nullable=False, index=True),
    Column("refs", Text, nullable=False),  # reference numbers of the path, with blanks between
    Column("operation", Text, nullable=False),
    Column("context", Text, nullable=False),
    Column("status", Integer, nullable=False),  # of HTTP
    Column("said", Text, nullable=False),
    Column("why", Text, nullable=False),  # two lines: English, Polish
)

#: Ends of KSeF tokens issued under the policy v2-expiring; other tokens have none (tokens.md section 8).
token_ends = Table(
    "token_ends",
    metadata,
    Column("ref", Text, primary_key=True),
    Column("ends", BigInteger, nullable=False),
)


def upgrade(db: Connection) -> None:
    """What `create_all` cannot do: give the tables that are there already their new columns and indexes."""
    _grants_of_version_1(db)
    # Version 7 leases work on packages; whatever else may be empty is added the same way.
    there = inspect(db)
    for table in metadata.sorted_tables:
        if not there.has_table(table.name):
            continue
        known = {column["name"] for column in there.get_columns(table.name)}
        for column in table.columns:
            if column.name not in known and column.nullable:
                kind = column.type.compile(db.dialect)
                db.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {column.name} {kind}")
        indexed = {index["name"] for index in there.get_indexes(table.name)}
        for index in table.indexes:
            if index.name not in indexed:
                index.create(db)


def _grants_of_version_1(db: Connection) -> None:
    """Version 1 knew grants to persons alone."""
    there = inspect(db)
    if not there.has_table("grants") or "kind" in {column["name"] for column in there.get_columns("grants")}:
        return
    db.exec_driver_sql("ALTER TABLE grants RENAME TO grants_of_version_1")
    metadata.create_all(db)
    db.exec_driver_sql(
        "INSERT INTO grants (id, kind, context_type, context_value, subject_type, subject_value, permission,"
        " can_delegate, target_type, target_value, from_type, from_value, description, author_type,"
        " author_value, created)"
        " SELECT id, 'person', context_type, context_value, subject_type, subject_value, permission,"
        " false, '', '', context_type, context_value, description, author_type, author_value, created"
        " FROM grants_of_version_1"
    )
    db.exec_driver_sql("DROP TABLE grants_of_version_1")
