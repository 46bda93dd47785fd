//! The two code lists that decide something here: UNTDID 1001 and ISO 4217.

/// The class of a document by its type code (BT-3), within which its number is unique.
///
/// The codes of UNTDID 1001 as EN 16931 uses them: *EN 16931 code lists values* v17b (in use from
/// 2026-05-15), sheet 1001. Its validation rule BR-CL-01 also lets a UBL `Invoice` say 81, which
/// stays a credit note here, so that both syntaxes give one class.
pub(crate) fn class_of(type_code: &str) -> Option<&'static str> {
    const CREDIT_NOTES: &str = "81 83 261 262 296 308 381 396 420 458 502 503 532";
    const INVOICES: &str = "71 80 82 84 102 130 202 203 204 211 218 219 295 325 326 331 380 382 383 384 385 386 \
                            387 388 389 390 393 394 395 456 457 471 472 473 500 501 527 553 575 623 633 751 780 \
                            817 870 875 876 877 935";
    let listed = |codes: &str| codes.split(' ').any(|code| code == type_code);
    if listed(CREDIT_NOTES) {
        Some(CREDIT_NOTE)
    } else {
        listed(INVOICES).then_some("invoice")
    }
}

/// The class of whatever is credited, also of a UBL `CreditNote` whatever its code.
pub(crate) const CREDIT_NOTE: &str = "credit-note";

/// How many digits a currency has after the point (ISO 4217, list one). Metals, funds units and
/// test codes have no minor unit, and of an unknown code nobody can say.
pub(crate) fn minor_unit_digits(currency: &str) -> Option<u32> {
    const NONE: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
    const THREE: &str = "BHD IQD JOD KWD LYD OMR TND";
    const FOUR: &str = "CLF UYW";
    // With those that were withdrawn while electronic invoices were kept (HRK, SLL, ZWL ...).
    const TWO: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN \
                       BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP \
                       GBP GEL GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT \
                       LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO \
                       NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS \
                       SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD \
                       XCG YER ZAR ZMW ZWG ZWL";
    [(TWO, 2), (NONE, 0), (THREE, 3), (FOUR, 4)]
        .into_iter()
        .find(|(codes, _)| codes.split(' ').any(|code| code == currency))
        .map(|(_, digits)| digits)
}
