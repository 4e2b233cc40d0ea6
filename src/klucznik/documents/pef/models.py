"""Content models of UBL 2.1, as far as the official PEF samples use them: names, in their order.

Each model is a pair: values (`cbc`), then groups (`cac`); in UBL the values always come first. `?` at
most once, `*` any number, `+` at least once. One row serves every element of its type that is named.
"""

from __future__ import annotations

from typing import Final

MODELS: Final[dict[str, tuple[str, str]]] = {
    "Invoice": (
        "UBLVersionID? CustomizationID? ProfileID? ProfileExecutionID? ID CopyIndicator? UUID? IssueDate "
        "IssueTime? DueDate? InvoiceTypeCode? Note* TaxPointDate? DocumentCurrencyCode? TaxCurrencyCode? "
        "PricingCurrencyCode? PaymentCurrencyCode? PaymentAlternativeCurrencyCode? AccountingCostCode? "
        "AccountingCost? LineCountNumeric? BuyerReference?",
        "InvoicePeriod* OrderReference? BillingReference* DespatchDocumentReference* "
        "ReceiptDocumentReference* StatementDocumentReference* OriginatorDocumentReference* "
        "ContractDocumentReference* AdditionalDocumentReference* ProjectReference* Signature* "
        "AccountingSupplierParty AccountingCustomerParty PayeeParty? BuyerCustomerParty? "
        "SellerSupplierParty? TaxRepresentativeParty? Delivery* DeliveryTerms? PaymentMeans* PaymentTerms* "
        "PrepaidPayment* AllowanceCharge* TaxExchangeRate? PricingExchangeRate? PaymentExchangeRate? "
        "PaymentAlternativeExchangeRate? TaxTotal* WithholdingTaxTotal* LegalMonetaryTotal InvoiceLine+",
    ),
    "CreditNote": (
        "UBLVersionID? CustomizationID? ProfileID? ProfileExecutionID? ID CopyIndicator? UUID? IssueDate "
        "IssueTime? TaxPointDate? CreditNoteTypeCode? Note* DocumentCurrencyCode? TaxCurrencyCode? "
        "PricingCurrencyCode? PaymentCurrencyCode? PaymentAlternativeCurrencyCode? AccountingCostCode? "
        "AccountingCost? LineCountNumeric? BuyerReference?",
        "InvoicePeriod* DiscrepancyResponse* OrderReference? BillingReference* DespatchDocumentReference* "
        "ReceiptDocumentReference* ContractDocumentReference* AdditionalDocumentReference* "
        "StatementDocumentReference* OriginatorDocumentReference* Signature* AccountingSupplierParty "
        "AccountingCustomerParty PayeeParty? BuyerCustomerParty? SellerSupplierParty? "
        "TaxRepresentativeParty? Delivery* DeliveryTerms* PaymentMeans* PaymentTerms* TaxExchangeRate? "
        "PricingExchangeRate? PaymentExchangeRate? PaymentAlternativeExchangeRate? AllowanceCharge* "
        "TaxTotal* LegalMonetaryTotal CreditNoteLine+",
    ),
    "AddressLine": (
        "Line",
        "",
    ),
    "Address PostalAddress": (
        "ID? AddressTypeCode? AddressFormatCode? Postbox? Floor? Room? StreetName? AdditionalStreetName? "
        "BlockName? BuildingName? BuildingNumber? InhouseMail? Department? MarkAttention? MarkCare? "
        "PlotIdentification? CitySubdivisionName? CityName? PostalZone? CountrySubentity? "
        "CountrySubentityCode? Region? District? TimezoneOffset?",
        "AddressLine* Country? LocationCoordinate*",
    ),
    "AllowanceCharge": (
        "ID? ChargeIndicator AllowanceChargeReasonCode? AllowanceChargeReason* MultiplierFactorNumeric? "
        "PrepaidIndicator? SequenceNumeric? Amount BaseAmount? AccountingCostCode? AccountingCost? "
        "PerUnitAmount?",
        "TaxCategory* TaxTotal? PaymentMeans*",
    ),
    "Attachment": (
        "EmbeddedDocumentBinaryObject?",
        "ExternalReference?",
    ),
    "BillingReference": (
        "",
        "InvoiceDocumentReference? SelfBilledInvoiceDocumentReference? CreditNoteDocumentReference? "
        "SelfBilledCreditNoteDocumentReference? DebitNoteDocumentReference? ReminderDocumentReference? "
        "AdditionalDocumentReference? BillingReferenceLine*",
    ),
    "FinancialInstitutionBranch": (
        "ID? Name?",
        "FinancialInstitution? Address?",
    ),
    "CardAccount": (
        "PrimaryAccountNumberID NetworkID CardTypeCode? ValidityStartDate? ExpiryDate? IssuerID? "
        "IssueNumberID? CV2ID? CardChipCode? ChipApplicationID? HolderName?",
        "",
    ),
    "CommodityClassification": (
        "NatureCode? CargoTypeCode? CommodityCode? ItemClassificationCode?",
        "",
    ),
    "Contact": (
        "ID? Name? Telephone? Telefax? ElectronicMail? Note*",
        "OtherCommunication*",
    ),
    "Country OriginCountry": (
        "IdentificationCode? Name?",
        "",
    ),
    "CreditNoteLine": (
        "ID UUID? Note* CreditedQuantity? LineExtensionAmount? TaxPointDate? AccountingCostCode? "
        "AccountingCost? PaymentPurposeCode? FreeOfChargeIndicator?",
        "InvoicePeriod* OrderLineReference* DiscrepancyResponse* DespatchLineReference* "
        "ReceiptLineReference* BillingReference* DocumentReference* PricingReference? OriginatorParty? "
        "Delivery* PaymentTerms* TaxTotal* AllowanceCharge* Item? Price? DeliveryTerms* SubCreditNoteLine* "
        "ItemPriceExtension?",
    ),
    "AccountingCustomerParty": (
        "CustomerAssignedAccountID? SupplierAssignedAccountID? AdditionalAccountID*",
        "Party? DeliveryContact? AccountingContact? BuyerContact?",
    ),
    "Delivery": (
        "ID? Quantity? MinimumQuantity? MaximumQuantity? ActualDeliveryDate? ActualDeliveryTime? "
        "LatestDeliveryDate? LatestDeliveryTime? ReleaseID? TrackingID?",
        "DeliveryAddress? DeliveryLocation? AlternativeDeliveryLocation? RequestedDeliveryPeriod? "
        "PromisedDeliveryPeriod? EstimatedDeliveryPeriod? CarrierParty? DeliveryParty? NotifyParty* "
        "Despatch? DeliveryTerms* MinimumDeliveryUnit? MaximumDeliveryUnit? Shipment?",
    ),
    "AdditionalDocumentReference ContractDocumentReference DespatchDocumentReference "
    "DocumentReference InvoiceDocumentReference OriginatorDocumentReference ReceiptDocumentReference": (
        "ID CopyIndicator? UUID? IssueDate? IssueTime? DocumentTypeCode? DocumentType? XPath* LanguageID? "
        "LocaleCode? VersionID? DocumentStatusCode? DocumentDescription*",
        "Attachment? ValidityPeriod? IssuerParty? ResultOfVerification?",
    ),
    "ExternalReference": (
        "URI? DocumentHash? HashAlgorithmMethod? ExpiryDate? ExpiryTime? MimeCode? FormatCode? "
        "EncodingCode? CharacterSetCode? FileName? Description*",
        "",
    ),
    "PayeeFinancialAccount PayerFinancialAccount": (
        "ID? Name? AliasName? AccountTypeCode? AccountFormatCode? CurrencyCode? PaymentNote*",
        "FinancialInstitutionBranch? Country?",
    ),
    "InvoiceLine": (
        "ID UUID? Note* InvoicedQuantity? LineExtensionAmount TaxPointDate? AccountingCostCode? "
        "AccountingCost? PaymentPurposeCode? FreeOfChargeIndicator?",
        "InvoicePeriod* OrderLineReference* DespatchLineReference* ReceiptLineReference* BillingReference* "
        "DocumentReference* PricingReference? OriginatorParty? Delivery* PaymentTerms* AllowanceCharge* "
        "TaxTotal* WithholdingTaxTotal* Item Price? DeliveryTerms? SubInvoiceLine* ItemPriceExtension?",
    ),
    "BuyersItemIdentification SellersItemIdentification StandardItemIdentification": (
        "ID ExtendedID? BarcodeSymbologyID?",
        "PhysicalAttribute* MeasurementDimension* IssuerParty?",
    ),
    "AdditionalItemProperty": (
        "ID? Name NameCode? TestMethod? Value? ValueQuantity? ValueQualifier* ImportanceCode? ListValue*",
        "UsabilityPeriod? ItemPropertyGroup* RangeDimension? ItemPropertyRange?",
    ),
    "Item": (
        "Description* PackQuantity? PackSizeNumeric? CatalogueIndicator? Name? HazardousRiskIndicator? "
        "AdditionalInformation* Keyword* BrandName* ModelName*",
        "BuyersItemIdentification? SellersItemIdentification? ManufacturersItemIdentification* "
        "StandardItemIdentification? CatalogueItemIdentification? AdditionalItemIdentification* "
        "CatalogueDocumentReference? ItemSpecificationDocumentReference* OriginCountry? "
        "CommodityClassification* TransactionConditions* HazardousItem* ClassifiedTaxCategory* "
        "AdditionalItemProperty* ManufacturerParty* InformationContentProviderParty? OriginAddress* "
        "ItemInstance* Certificate* Dimension*",
    ),
    "DeliveryLocation": (
        "ID? Description* Conditions* CountrySubentity? CountrySubentityCode? LocationTypeCode? "
        "InformationURI? Name?",
        "ValidityPeriod* Address? SubsidiaryLocation* LocationCoordinate*",
    ),
    "LegalMonetaryTotal": (
        "LineExtensionAmount? TaxExclusiveAmount? TaxInclusiveAmount? AllowanceTotalAmount? "
        "ChargeTotalAmount? PrepaidAmount? PayableRoundingAmount? PayableAmount PayableAlternativeAmount?",
        "",
    ),
    "OrderLineReference": (
        "LineID SalesOrderLineID? UUID? LineStatusCode?",
        "OrderReference?",
    ),
    "OrderReference": (
        "ID SalesOrderID? CopyIndicator? UUID? IssueDate? IssueTime? CustomerReference? OrderTypeCode?",
        "DocumentReference?",
    ),
    "PartyIdentification": (
        "ID",
        "",
    ),
    "PartyLegalEntity": (
        "RegistrationName? CompanyID? RegistrationDate? RegistrationExpirationDate? CompanyLegalFormCode? "
        "CompanyLegalForm? SoleProprietorshipIndicator? CompanyLiquidationStatusCode? CorporateStockAmount? "
        "FullyPaidSharesIndicator?",
        "RegistrationAddress? CorporateRegistrationScheme? HeadOfficeParty? ShareholderParty*",
    ),
    "PartyName": (
        "Name",
        "",
    ),
    "PartyTaxScheme": (
        "RegistrationName? CompanyID? TaxLevelCode? ExemptionReasonCode? ExemptionReason*",
        "RegistrationAddress? TaxScheme",
    ),
    "DeliveryParty Party PayeeParty TaxRepresentativeParty": (
        "MarkCareIndicator? MarkAttentionIndicator? WebsiteURI? LogoReferenceID? EndpointID? "
        "IndustryClassificationCode?",
        "PartyIdentification* PartyName* Language? PostalAddress? PhysicalLocation? PartyTaxScheme* "
        "PartyLegalEntity* Contact? Person* AgentParty? ServiceProviderParty* PowerOfAttorney* "
        "FinancialAccount?",
    ),
    "PaymentMandate": (
        "ID? MandateTypeCode? MaximumPaymentInstructionsNumeric? MaximumPaidAmount? SignatureID?",
        "PayerParty? PayerFinancialAccount? ValidityPeriod? PaymentReversalPeriod? Clause*",
    ),
    "PaymentMeans": (
        "ID? PaymentMeansCode PaymentDueDate? PaymentChannelCode? InstructionID? InstructionNote* PaymentID*",
        "CardAccount? PayerFinancialAccount? PayeeFinancialAccount? CreditAccount? PaymentMandate? "
        "TradeFinancing?",
    ),
    "PaymentTerms": (
        "ID? PaymentMeansID* PrepaidPaymentReferenceID? Note* ReferenceEventCode? "
        "SettlementDiscountPercent? PenaltySurchargePercent? PaymentPercent? Amount? "
        "SettlementDiscountAmount? PenaltyAmount? PaymentTermsDetailsURI? PaymentDueDate? "
        "InstallmentDueDate? InvoicingPartyReference?",
        "SettlementPeriod? PenaltyPeriod? ExchangeRate? ValidityPeriod?",
    ),
    "InvoicePeriod": (
        "StartDate? StartTime? EndDate? EndTime? DurationMeasure? DescriptionCode* Description*",
        "",
    ),
    "Price": (
        "PriceAmount BaseQuantity? PriceChangeReason* PriceTypeCode? PriceType? OrderableUnitFactorRate?",
        "ValidityPeriod* PriceList? AllowanceCharge* PricingExchangeRate?",
    ),
    "AccountingSupplierParty": (
        "CustomerAssignedAccountID? AdditionalAccountID* DataSendingCapability?",
        "Party? DespatchContact? AccountingContact? SellerContact?",
    ),
    "ClassifiedTaxCategory TaxCategory": (
        "ID? Name? Percent? BaseUnitMeasure? PerUnitAmount? TaxExemptionReasonCode? TaxExemptionReason* "
        "TierRange? TierRatePercent?",
        "TaxScheme",
    ),
    "TaxScheme": (
        "ID? Name? TaxTypeCode? CurrencyCode?",
        "JurisdictionRegionAddress*",
    ),
    "TaxSubtotal": (
        "TaxableAmount? TaxAmount CalculationSequenceNumeric? TransactionCurrencyTaxAmount? Percent? "
        "BaseUnitMeasure? PerUnitAmount? TierRange? TierRatePercent?",
        "TaxCategory",
    ),
    "TaxTotal": (
        "TaxAmount RoundingAmount? TaxEvidenceIndicator? TaxIncludedIndicator?",
        "TaxSubtotal*",
    ),
}

#: The Polish extensions likewise; `ubl:` marks what is UBL's own among them. Where the schema says "at
#: most two" (TaxTotal), any number is taken.
POLISH: Final[dict[str, tuple[str, str]]] = {
    "Country": (
        "IdentificationCode? Name?",
        "",
    ),
    "AccountingSupplierParty AccountingCustomerParty ReceiverParty SellerSupplierParty": (
        "",
        "Party",
    ),
    "AdditionalInvoiceDataNetto": (
        "",
        "InvoiceLine+",
    ),
    "AdditionalInvoiceGrossData": (
        "CalculationMethod?",
        "AllowanceCharge* TaxTotal? InvoiceLine+",
    ),
    "AdditionalAddressData": (
        "",
        "SellerSupplierParty? ReceiverParty?",
    ),
    "AdditionalItemProperty": (
        "Name Value?",
        "",
    ),
    "AllowanceCharge": (
        "ChargeIndicator? AllowanceChargeReasonCode? AllowanceChargeReason? MultiplierFactorNumeric? "
        "Amount? BaseAmount?",
        "TaxCategory? TaxTotal?",
    ),
    "BuyersItemIdentification SellersItemIdentification StandardItemIdentification TaxScheme": (
        "ID",
        "",
    ),
    "ClassifiedTaxCategory": (
        "ID? Percent?",
        "TaxScheme",
    ),
    "CommodityClassification": (
        "ItemClassificationCode?",
        "",
    ),
    "InvoiceCorrection": (
        "",
        "AdditionalInvoiceGrossData? AllowanceCharge* TaxTotal+ LegalMonetaryTotal",
    ),
    "InvoiceLine": (
        "ID Note* InvoicedQuantity? LineExtensionAmount? LineExtensionGrossAmount? AccountingCost?",
        "InvoicePeriod? AllowanceCharge* TaxTotal? Item? Price? SubInvoiceLine*",
    ),
    "Item": (
        "Description* Name?",
        "BuyersItemIdentification? SellersItemIdentification? StandardItemIdentification? OriginCountry? "
        "CommodityClassification* ClassifiedTaxCategory* AdditionalItemProperty*",
    ),
    "LegalMonetaryTotal": (
        "LineExtensionAmount? TaxExclusiveAmount? TaxInclusiveAmount? AllowanceTotalAmount? "
        "ChargeTotalAmount? PrepaidAmount? PayableRoundingAmount? PayableAmount",
        "",
    ),
    "OriginCountry": (
        "IdentificationCode",
        "",
    ),
    "OriginalDocumentData CorrectedDocumentData": (
        "ubl:ID? ubl:IssueDate? ubl:DueDate? ubl:Note* ubl:TaxPointDate?",
        "ubl:InvoicePeriod? AccountingSupplierParty? AccountingCustomerParty? ubl:Delivery? "
        "ubl:PaymentMeans* ubl:PaymentTerms? InvoiceLine*",
    ),
    "OriginalInvoiceData": (
        "",
        "AdditionalInvoiceGrossData? AllowanceCharge* TaxTotal+ LegalMonetaryTotal InvoiceLine+",
    ),
    "InvoicePeriod": (
        "StartDate? StartTime? EndDate? EndTime? DurationMeasure? DescriptionCode* Description*",
        "",
    ),
    "Party": (
        "",
        "PartyName* PostalAddress? PartyTaxScheme* PartyLegalEntity? Contact?",
    ),
    "PartyName": (
        "Name",
        "",
    ),
    "PartyTaxScheme": (
        "CompanyID?",
        "TaxScheme",
    ),
    "PartyLegalEntity": (
        "RegistrationName? CompanyID? CompanyLegalForm?",
        "",
    ),
    "Contact": (
        "Name? Telephone? ElectronicMail?",
        "",
    ),
    "PostalAddress": (
        "ID? StreetName? AdditionalStreetName? CityName? PostalZone?",
        "Country?",
    ),
    "Price": (
        "PriceAmount? GrossPriceAmount? BaseQuantity?",
        "AllowanceCharge*",
    ),
    "SubInvoiceLine": (
        "ID Note* InvoicedQuantity? LineExtensionAmount? LineExtensionGrossAmount? AccountingCost?",
        "InvoicePeriod? TaxTotal? AllowanceCharge* Item? Price? SubInvoiceLine?",
    ),
    "TaxCategory": (
        "ID? Percent? TaxExemptionReasonCode? TaxExemptionReason?",
        "TaxScheme",
    ),
    "TaxSubtotal": (
        "TaxInclusiveAmount? TaxableAmount? TaxAmount?",
        "TaxCategory",
    ),
    "TaxTotal": (
        "TaxAmount? TaxInclusiveAmount?",
        "TaxSubtotal*",
    ),
    "UtilityConsumptionPoints": (
        "",
        "UtilityConsumptionPoint+",
    ),
    "UtilityConsumptionPoint": (
        "ID Description?",
        "PostalAddress? UtilityMeter*",
    ),
    "UtilityMeter": (
        "MeterNumber",
        "MeterReading*",
    ),
    "MeterReading": (
        "MeterReadingType? PreviousMeterReadingDate PreviousMeterQuantity LatestMeterReadingDate "
        "LatestMeterQuantity PreviousMeterReadingMethod? LatestMeterReadingMethod? "
        "CorrectedConsumptionQuantity?",
        "FuelMix?",
    ),
    "FuelMix": (
        "",
        "FuelType*",
    ),
    "FuelType": (
        "FuelTypeCode Name? Percentage?",
        "",
    ),
}
