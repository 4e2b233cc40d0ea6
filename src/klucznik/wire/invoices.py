"""Invoices: metadata query and download. Rules: query-export.md sections 1 and 5."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from klucznik.wire.base import Amount, Day, Int32, Model, Sha256HashBase64, Timestamp, WireEnum
from klucznik.wire.common import FormCode, InvoicingMode, SortOrder
from klucznik.wire.endpoint import Endpoint, LimitGroup, Xml
from klucznik.wire.ids import KsefNumber, Nip


class InvoiceQuerySubjectType(WireEnum):
    """The role in which the context of the login stands on the invoice."""

    Subject1 = "Subject1"
    Subject2 = "Subject2"
    Subject3 = "Subject3"
    SubjectAuthorized = "SubjectAuthorized"


class InvoiceQueryDateType(WireEnum):
    Issue = "Issue"
    Invoicing = "Invoicing"
    PermanentStorage = "PermanentStorage"


class InvoiceQueryDateRange(Model):
    """`to` absent means now; at most 100 days, counted in UTC."""

    date_type: InvoiceQueryDateType
    from_: Timestamp
    to: Timestamp | None = None
    restrict_to_permanent_storage_hwm_date: bool | None = None


class AmountType(WireEnum):
    Brutto = "Brutto"
    Netto = "Netto"
    Vat = "Vat"


class InvoiceQueryAmount(Model):
    type: AmountType
    from_: Amount | None = None
    to: Amount | None = None


class BuyerIdentifierType(WireEnum):
    Nip = "Nip"
    VatUe = "VatUe"
    Other = "Other"
    None_ = "None"


class InvoiceQueryBuyerIdentifier(Model):
    type: BuyerIdentifierType
    value: Annotated[str, Field(max_length=50)] | None = None


class InvoiceQueryFormType(WireEnum):
    FA = "FA"
    PEF = "PEF"
    FA_RR = "FA_RR"


class InvoiceType(WireEnum):
    Vat = "Vat"
    Zal = "Zal"
    Kor = "Kor"
    Roz = "Roz"
    Upr = "Upr"
    KorZal = "KorZal"
    KorRoz = "KorRoz"
    VatPef = "VatPef"
    VatPefSp = "VatPefSp"
    KorPef = "KorPef"
    VatRr = "VatRr"
    KorVatRr = "KorVatRr"


class CurrencyCode(WireEnum):
    """Currencies to filter by; the metadata themselves may carry any three characters."""

    AED = "AED"
    AFN = "AFN"
    ALL = "ALL"
    AMD = "AMD"
    ANG = "ANG"
    AOA = "AOA"
    ARS = "ARS"
    AUD = "AUD"
    AWG = "AWG"
    AZN = "AZN"
    BAM = "BAM"
    BBD = "BBD"
    BDT = "BDT"
    BGN = "BGN"
    BHD = "BHD"
    BIF = "BIF"
    BMD = "BMD"
    BND = "BND"
    BOB = "BOB"
    BOV = "BOV"
    BRL = "BRL"
    BSD = "BSD"
    BTN = "BTN"
    BWP = "BWP"
    BYN = "BYN"
    BZD = "BZD"
    CAD = "CAD"
    CDF = "CDF"
    CHE = "CHE"
    CHF = "CHF"
    CHW = "CHW"
    CLF = "CLF"
    CLP = "CLP"
    CNY = "CNY"
    COP = "COP"
    COU = "COU"
    CRC = "CRC"
    CUC = "CUC"
    CUP = "CUP"
    CVE = "CVE"
    CZK = "CZK"
    DJF = "DJF"
    DKK = "DKK"
    DOP = "DOP"
    DZD = "DZD"
    EGP = "EGP"
    ERN = "ERN"
    ETB = "ETB"
    EUR = "EUR"
    FJD = "FJD"
    FKP = "FKP"
    GBP = "GBP"
    GEL = "GEL"
    GGP = "GGP"
    GHS = "GHS"
    GIP = "GIP"
    GMD = "GMD"
    GNF = "GNF"
    GTQ = "GTQ"
    GYD = "GYD"
    HKD = "HKD"
    HNL = "HNL"
    HRK = "HRK"
    HTG = "HTG"
    HUF = "HUF"
    IDR = "IDR"
    ILS = "ILS"
    IMP = "IMP"
    INR = "INR"
    IQD = "IQD"
    IRR = "IRR"
    ISK = "ISK"
    JEP = "JEP"
    JMD = "JMD"
    JOD = "JOD"
    JPY = "JPY"
    KES = "KES"
    KGS = "KGS"
    KHR = "KHR"
    KMF = "KMF"
    KPW = "KPW"
    KRW = "KRW"
    KWD = "KWD"
    KYD = "KYD"
    KZT = "KZT"
    LAK = "LAK"
    LBP = "LBP"
    LKR = "LKR"
    LRD = "LRD"
    LSL = "LSL"
    LYD = "LYD"
    MAD = "MAD"
    MDL = "MDL"
    MGA = "MGA"
    MKD = "MKD"
    MMK = "MMK"
    MNT = "MNT"
    MOP = "MOP"
    MRU = "MRU"
    MUR = "MUR"
    MVR = "MVR"
    MWK = "MWK"
    MXN = "MXN"
    MXV = "MXV"
    MYR = "MYR"
    MZN = "MZN"
    NAD = "NAD"
    NGN = "NGN"
    NIO = "NIO"
    NOK = "NOK"
    NPR = "NPR"
    NZD = "NZD"
    OMR = "OMR"
    PAB = "PAB"
    PEN = "PEN"
    PGK = "PGK"
    PHP = "PHP"
    PKR = "PKR"
    PLN = "PLN"
    PYG = "PYG"
    QAR = "QAR"
    RON = "RON"
    RSD = "RSD"
    RUB = "RUB"
    RWF = "RWF"
    SAR = "SAR"
    SBD = "SBD"
    SCR = "SCR"
    SDG = "SDG"
    SEK = "SEK"
    SGD = "SGD"
    SHP = "SHP"
    SLL = "SLL"
    SOS = "SOS"
    SRD = "SRD"
    SSP = "SSP"
    STN = "STN"
    SVC = "SVC"
    SYP = "SYP"
    SZL = "SZL"
    THB = "THB"
    TJS = "TJS"
    TMT = "TMT"
    TND = "TND"
    TOP = "TOP"
    TRY = "TRY"
    TTD = "TTD"
    TWD = "TWD"
    TZS = "TZS"
    UAH = "UAH"
    UGX = "UGX"
    USD = "USD"
    USN = "USN"
    UYI = "UYI"
    UYU = "UYU"
    UYW = "UYW"
    UZS = "UZS"
    VES = "VES"
    VND = "VND"
    VUV = "VUV"
    WST = "WST"
    XAF = "XAF"
    XAG = "XAG"
    XAU = "XAU"
    XBA = "XBA"
    XBB = "XBB"
    XBC = "XBC"
    XBD = "XBD"
    XCD = "XCD"
    XCG = "XCG"
    XDR = "XDR"
    XOF = "XOF"
    XPD = "XPD"
    XPF = "XPF"
    XPT = "XPT"
    XSU = "XSU"
    XUA = "XUA"
    XXX = "XXX"
    YER = "YER"
    ZAR = "ZAR"
    ZMW = "ZMW"
    ZWL = "ZWL"
    CNH = "CNH"
    VED = "VED"
    XTS = "XTS"
    ZWG = "ZWG"
    SLE = "SLE"


class InvoiceQueryFilters(Model):
    subject_type: InvoiceQuerySubjectType
    date_range: InvoiceQueryDateRange
    ksef_number: KsefNumber | None = None
    invoice_number: Annotated[str, Field(max_length=256)] | None = None
    amount: InvoiceQueryAmount | None = None
    seller_nip: Nip | None = None
    buyer_identifier: InvoiceQueryBuyerIdentifier | None = None
    currency_codes: list[CurrencyCode] | None = None
    invoicing_mode: InvoicingMode | None = None
    is_self_invoicing: bool | None = None
    form_type: InvoiceQueryFormType | None = None
    invoice_types: list[InvoiceType] | None = None
    has_attachment: bool | None = None


Name = Annotated[str, Field(max_length=512)]


class InvoiceMetadataSeller(Model):
    nip: Nip
    name: Name | None = None


class InvoiceMetadataBuyerIdentifier(Model):
    type: BuyerIdentifierType
    value: Annotated[str, Field(max_length=50)] | None = None


class InvoiceMetadataBuyer(Model):
    identifier: InvoiceMetadataBuyerIdentifier
    name: Name | None = None


class ThirdSubjectIdentifierType(WireEnum):
    Nip = "Nip"
    InternalId = "InternalId"
    VatUe = "VatUe"
    Other = "Other"
    None_ = "None"


class InvoiceMetadataThirdSubjectIdentifier(Model):
    type: ThirdSubjectIdentifierType
    value: Annotated[str, Field(max_length=50)] | None = None


class InvoiceMetadataThirdSubject(Model):
    """`role` 0-11 as in Podmiot3; 0 stands for another role."""

    identifier: InvoiceMetadataThirdSubjectIdentifier
    name: Name | None = None
    role: Int32


class InvoiceMetadataAuthorizedSubject(Model):
    """`role` 1-3 as in PodmiotUpowazniony."""

    nip: Nip
    name: Name | None = None
    role: Int32


class InvoiceMetadata(Model):
    """What KSeF tells of an invoice. `vat_amount` is in PLN, the other two in `currency`."""

    ksef_number: KsefNumber
    invoice_number: Annotated[str, Field(max_length=256)]
    issue_date: Day
    invoicing_date: Timestamp
    acquisition_date: Timestamp
    permanent_storage_date: Timestamp
    seller: InvoiceMetadataSeller
    buyer: InvoiceMetadataBuyer
    net_amount: Amount
    gross_amount: Amount
    vat_amount: Amount
    currency: Annotated[str, Field(min_length=3, max_length=3)]
    invoicing_mode: InvoicingMode
    invoice_type: InvoiceType
    form_code: FormCode
    is_self_invoicing: bool
    has_attachment: bool
    invoice_hash: Sha256HashBase64
    hash_of_corrected_invoice: Sha256HashBase64 | None = None
    third_subjects: list[InvoiceMetadataThirdSubject] | None = None
    authorized_subject: InvoiceMetadataAuthorizedSubject | None = None


class QueryInvoicesMetadataResponse(Model):
    """`permanent_storage_hwm_date` only when the range is by PermanentStorage."""

    has_more: bool
    is_truncated: bool
    permanent_storage_hwm_date: Timestamp | None = None
    invoices: list[InvoiceMetadata]


class InvoiceMetadataQuery(Model):
    """Query parameters of POST /invoices/query/metadata; `page_offset` counts pages, not records."""

    sort_order: SortOrder = SortOrder.Asc
    page_offset: Annotated[Int32, Field(ge=0)] = 0
    page_size: Annotated[Int32, Field(ge=10, le=250)] = 10


QUERY_METADATA = Endpoint(
    "POST",
    "/invoices/query/metadata",
    InvoiceQueryFilters,
    QueryInvoicesMetadataResponse,
    200,
    limits=LimitGroup.invoiceMetadata,
    permissions=("InvoiceRead",),
    refuses=(21001, 21183, 21405),
    query=InvoiceMetadataQuery,
)
DOWNLOAD = Endpoint(
    "GET",
    "/invoices/ksef/{ksefNumber}",
    None,
    Xml,
    200,
    limits=LimitGroup.invoiceDownload,
    permissions=("InvoiceRead",),
    refuses=(21164, 21165, 21405),
)
