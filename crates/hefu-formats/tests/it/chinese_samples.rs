//! Renditions of the invented documents of `samples/cn/values.json`: their XML, and OFDs that carry it
//! or only show the document. They are drawn here, so that no binary file has to be kept.
//!
//! The XML has the elements that `hefu_formats` names as its sources; the places on the pages are
//! those of the printed forms, roughly.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::ZipWriter;

/// The documents, by their names in the values.
pub const DOCUMENTS: [&str; 8] = [
    "digital-invoice",
    "red-invoice",
    "vat-invoice",
    "red-vat-invoice",
    "fiscal-bill",
    "rail-ticket",
    "air-ticket",
    "licence",
];

/// What a document is: title, legal number, values as written, facts.
pub fn values(document: &str) -> Value {
    let values: Value = serde_json::from_str(include_str!("../samples/cn/values.json")).unwrap();
    values[document].clone()
}

/// A value as the document writes it.
struct Written(Value);

impl Written {
    fn of(document: &str) -> Self {
        Self(values(document)["written"].clone())
    }

    fn get(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_else(|| panic!("no {name}"))
    }

    /// `2025年05月20日` as `2025-05-20`.
    fn iso(&self, name: &str) -> String {
        self.get(name).replace(['年', '月'], "-").replace('日', "")
    }
}

/// The XML of a document; a licence has none.
pub fn xml(document: &str) -> Option<String> {
    let of = Written::of(document);
    let get = |name: &str| of.get(name);
    let body = match document {
        "digital-invoice" | "red-invoice" => format!(
            "<EInvoice><Header><EIid>{number}</EIid><EInvoiceTag>SWEI3200</EInvoiceTag><Version>0.2</Version>\
             <InherentLabel><EInvoiceType><LabelCode>01</LabelCode><LabelName>发票</LabelName></EInvoiceType></InherentLabel></Header>\
             <EInvoiceData><SellerInformation><SellerIdNum>{}</SellerIdNum><SellerName>{}</SellerName></SellerInformation>\
             <BuyerInformation><BuyerIdNum>{}</BuyerIdNum><BuyerName>{}</BuyerName></BuyerInformation>\
             <BasicInformation><TotalAmWithoutTax>{}</TotalAmWithoutTax><TotalTaxAm>{}</TotalTaxAm>\
             <TotalTax-includedAmount>{}</TotalTax-includedAmount><Drawer>{}</Drawer>\
             <RequestTime>{day} 10:11:12</RequestTime></BasicInformation>\
             <IssuItemInformation><ItemName>{}</ItemName></IssuItemInformation>\
             <AdditionalInformation><Remark>{}</Remark></AdditionalInformation></EInvoiceData>\
             <TaxSupervisionInfo><InvoiceNumber>{number}</InvoiceNumber><IssueTime>{day} 10:11:13</IssueTime></TaxSupervisionInfo></EInvoice>",
            get("seller-id"), get("seller"), get("buyer-id"), get("buyer"),
            get("total-without-tax"), get("tax"), get("total"), get("drawer"), get("item"),
            remark(document),
            number = get("number"), day = of.iso("issue-date"),
        ),
        "vat-invoice" | "red-vat-invoice" => format!(
            "<eInvoice xmlns:fp=\"http://www.edrm.org.cn/schema/e-invoice/2019\" Version=\"1.0\">\
             <fp:DocID>{series}_{number}</fp:DocID><fp:InvoiceCode>{series}</fp:InvoiceCode><fp:InvoiceNo>{number}</fp:InvoiceNo>\
             <fp:IssueDate>{}</fp:IssueDate><fp:InvoiceCheckCode>{}</fp:InvoiceCheckCode><fp:MachineNo>{}</fp:MachineNo>\
             <fp:Buyer><fp:BuyerName>{}</fp:BuyerName><fp:BuyerTaxID>{}</fp:BuyerTaxID></fp:Buyer>\
             <fp:Seller><fp:SellerName>{}</fp:SellerName><fp:SellerTaxID>{}</fp:SellerTaxID></fp:Seller>\
             <fp:TaxInclusiveTotalAmount>{}</fp:TaxInclusiveTotalAmount><fp:Note>{}</fp:Note>\
             <fp:InvoiceClerk>{}</fp:InvoiceClerk><fp:TaxTotalAmount>{}</fp:TaxTotalAmount>\
             <fp:TaxExclusiveTotalAmount>{}</fp:TaxExclusiveTotalAmount></eInvoice>",
            get("issue-date"), get("check-code"), get("machine"), get("buyer"), get("buyer-id"),
            get("seller"), get("seller-id"), get("total"), remark(document), get("drawer"),
            get("tax"), get("total-without-tax"),
            series = get("series"), number = get("number"),
        ),
        "fiscal-bill" => format!(
            "<EInvoice><Header><EInvoiceID>{series}-{number}</EInvoiceID><EInvoiceTag>CZ-EI-01</EInvoiceTag><Version>1.1.0</Version></Header>\
             <EInvoiceData><Main><EInvoiceName>{}</EInvoiceName><EInvoiceCode>{series}</EInvoiceCode><EInvoiceNumber>{number}</EInvoiceNumber>\
             <RandomNumber>{}</RandomNumber><TotalAmount>{}</TotalAmount><IssueDate>{}</IssueDate><IssueTime>09:10:11</IssueTime>\
             <InvoicingParty><InvoicingPartyCode>{}</InvoicingPartyCode><InvoicingPartyName>{}</InvoicingPartyName></InvoicingParty>\
             <PayerParty><PayerPartyType>2</PayerPartyType><PayerPartyCode>{}</PayerPartyCode><PayerPartyName>{}</PayerPartyName></PayerParty>\
             <CurrencyType/></Main><Details><Item><ItemName>{}</ItemName><ItemAmount>{1}</ItemAmount></Item></Details></EInvoiceData></EInvoice>",
            values(document)["title"].as_str().unwrap(), get("check-code"), get("total"),
            get("issue-date").replace('-', ""), get("seller-code"), get("seller"),
            get("buyer-id"), get("buyer"), get("item"),
            series = get("series"), number = get("number"),
        ),
        "rail-ticket" => instance("rai", &[
            ("TypeOfVoucher", "电子发票（铁路电子客票）"),
            ("ElectronicInvoiceRailwayETicketNumber", get("number")),
            ("DateOfIssue", &of.iso("issue-date")),
            ("IssueParty", ""),
            ("DepartureStation", get("departure")),
            ("DestinationStation", get("destination")),
            ("TrainNumber", get("train")),
            ("TravelDate", &of.iso("travel-date")),
            ("Fare", get("total")),
            ("TotalAmountExcludingTax", get("total-without-tax")),
            ("TaxAmount", get("tax")),
            ("NameOfPurchaser", get("buyer")),
            ("UnifiedSocialCreditCodeOfPurchaser", get("buyer-id")),
            ("Name", get("passenger")),
        ], ""),
        "air-ticket" => instance("atr", &[
            ("PassengerName", get("passenger")),
            ("ElectronicInvoiceAirTransportReceiptNumber", get("number")),
            ("Fare", get("fare")),
            ("FuelSurcharge", get("fuel")),
            ("VatTaxAmount", get("tax")),
            ("CivilAviationDevelopmentFund", get("fund")),
            ("TotalAmount", get("total")),
            ("ETicketNumber", get("ticket")),
            ("VerificationCode", get("check-code")),
            ("IssueParty", get("seller")),
            ("IssueDate", &of.iso("issue-date")),
            ("NameOfPurchaser", get("buyer")),
            ("UnifiedSocialCreditCodeOfPurchaser", get("buyer-id")),
        ], &format!(
            "<atr:DetailInformationOfAirTicketTuple><atr:Flight>{}</atr:Flight><atr:CarrierDate>{}</atr:CarrierDate></atr:DetailInformationOfAirTicketTuple>",
            get("flight"), of.iso("travel-date"),
        )),
        "licence" => return None,
        other => panic!("no document {other}"),
    };
    Some(format!(r#"<?xml version="1.0" encoding="UTF-8"?>{body}"#))
}

/// What stands in the remarks: a red invoice names there the blue one that it takes back.
pub fn remark(document: &str) -> String {
    let of = Written::of(document);
    match document {
        "red-invoice" => format!(
            "被红冲蓝字数电发票号码：{} 红字发票信息确认单编号：{}",
            of.get("preceding"),
            of.get("confirmation")
        ),
        "red-vat-invoice" => format!(
            "对应正数发票代码:{}号码:{}",
            of.get("preceding-series"),
            of.get("preceding")
        ),
        _ => String::new(),
    }
}

/// An XBRL instance of the accounting data standard.
fn instance(prefix: &str, items: &[(&str, &str)], tuples: &str) -> String {
    let mut text = format!(
        r#"<xbrl xmlns="http://www.xbrl.org/2003/instance" xmlns:{prefix}="http://xbrl.mof.gov.cn/taxonomy/2021-11-30/{prefix}">"#
    );
    text.push_str(r#"<context id="now"><entity><identifier scheme="http://xbrl.mof.gov.cn">1</identifier></entity></context>"#);
    for (name, value) in items {
        write!(
            text,
            r#"<{prefix}:{name} contextRef="now">{value}</{prefix}:{name}>"#
        )
        .unwrap();
    }
    text + tuples + "</xbrl>"
}

/// `14754822929856772523` as a page shows it.
pub fn grouped(digits: &str) -> String {
    let groups: Vec<&str> = (0..digits.len())
        .step_by(5)
        .map(|from| &digits[from..digits.len().min(from + 5)])
        .collect();
    groups.join(" ")
}

/// A text on a page: where it stands in millimetres, and its size.
type Text = (f32, f32, f32, String);

/// A column of a table: where it stands, its heading, and what stands below.
type Column = (f32, &'static str, String);

/// What a document shows: what is printed on the form, and what is filled in.
fn face(document: &str) -> (Vec<Text>, Vec<Text>) {
    let of = Written::of(document);
    let get = |name: &str| of.get(name).to_owned();
    let title = values(document)["title"].as_str().unwrap().to_owned();
    let yuan = |name: &str| format!("¥{}", of.get(name));
    // Label, its place, and where its value stands beside it.
    let rows: Vec<(f32, f32, f32, &str, String)> = match document {
        "digital-invoice" | "red-invoice" => vec![
            (150.0, 12.0, 170.0, "发票号码：", get("number")),
            (150.0, 18.0, 170.0, "开票日期：", get("issue-date")),
            (10.0, 32.0, 24.0, "名称：", get("buyer")),
            (
                10.0,
                42.0,
                66.0,
                "统一社会信用代码/纳税人识别号：",
                get("buyer-id"),
            ),
            (112.0, 32.0, 126.0, "名称：", get("seller")),
            (
                112.0,
                42.0,
                168.0,
                "统一社会信用代码/纳税人识别号：",
                get("seller-id"),
            ),
            (150.0, 100.0, 165.0, "（小写）", yuan("total")),
            (10.0, 100.0, 60.0, "价税合计（大写）", get("total-in-words")),
            (10.0, 128.0, 30.0, "开票人：", get("drawer")),
        ],
        "vat-invoice" | "red-vat-invoice" => vec![
            (10.0, 26.5, 28.0, "机器编号：", get("machine")),
            (148.0, 10.0, 166.0, "发票代码:", get("series")),
            (148.0, 15.5, 166.0, "发票号码:", get("number")),
            (148.0, 21.0, 166.0, "开票日期:", get("issue-date")),
            (
                148.0,
                26.5,
                166.0,
                "校 验 码:",
                grouped(of.get("check-code")),
            ),
            (13.0, 34.0, 38.0, "名        称：", get("buyer")),
            (13.0, 39.0, 38.0, "纳税人识别号：", get("buyer-id")),
            (13.0, 44.0, 38.0, "地 址、电 话：", String::new()),
            (10.0, 100.0, 60.0, "价税合计（大写）", get("total-in-words")),
            (150.0, 100.0, 165.0, "（小写）", yuan("total")),
            (13.0, 107.0, 38.0, "名        称：", get("seller")),
            (13.0, 112.0, 38.0, "纳税人识别号：", get("seller-id")),
            (10.0, 128.0, 30.0, "开票人：", get("drawer")),
        ],
        "fiscal-bill" => vec![
            (10.0, 25.0, 30.0, "票据代码：", get("series")),
            (130.0, 25.0, 150.0, "票据号码：", get("number")),
            (
                10.0,
                32.0,
                50.0,
                "交款人统一社会信用代码：",
                get("buyer-id"),
            ),
            (130.0, 32.0, 150.0, "校验码：", get("check-code")),
            (10.0, 39.0, 30.0, "交款人：", get("buyer")),
            (130.0, 39.0, 150.0, "开票日期：", get("issue-date")),
            (10.0, 80.0, 45.0, "金额合计（大写）", get("total-in-words")),
            (130.0, 80.0, 150.0, "（小写）", get("total")),
            (10.0, 120.0, 45.0, "收款单位（章）：", get("seller")),
            (90.0, 120.0, 110.0, "复核人：", get("drawer")),
            (150.0, 120.0, 170.0, "收款人：", get("drawer")),
        ],
        "rail-ticket" => vec![
            (10.0, 15.0, 30.0, "发票号码:", get("number")),
            (70.0, 15.0, 90.0, "开票日期:", get("issue-date")),
            (10.0, 45.0, 22.0, "票价:", format!("￥{}", of.get("total"))),
            (10.0, 60.0, 34.0, "电子客票号:", get("ticket")),
            (10.0, 70.0, 34.0, "购买方名称:", get("buyer")),
            (80.0, 70.0, 110.0, "统一社会信用代码:", get("buyer-id")),
        ],
        "air-ticket" => vec![
            (150.0, 20.0, 170.0, "发票号码：", get("number")),
            (10.0, 110.0, 32.0, "填开单位：", get("seller")),
            (150.0, 110.0, 170.0, "填开日期：", get("issue-date")),
            (10.0, 118.0, 32.0, "购买方名称：", get("buyer")),
            (
                110.0,
                118.0,
                168.0,
                "统一社会信用代码/纳税人识别号：",
                get("buyer-id"),
            ),
        ],
        "licence" => vec![
            (20.0, 60.0, 60.0, "企业名称：", get("holder")),
            (20.0, 70.0, 60.0, "统一社会信用代码：", get("holder-id")),
            (20.0, 80.0, 60.0, "许可证编号：", get("certificate-number")),
            (20.0, 90.0, 60.0, "经营项目：", get("scope")),
            (
                20.0,
                100.0,
                60.0,
                "有效期限：",
                format!("{}至{}", of.get("valid-from"), of.get("valid-until")),
            ),
            (110.0, 130.0, 140.0, "发证机关：", get("issuer")),
            (110.0, 140.0, 140.0, "发证日期：", get("issue-date")),
            (20.0, 150.0, 60.0, "电子证照标识：", get("identifier")),
        ],
        other => panic!("no document {other}"),
    };
    let mut printed = vec![(60.0, 10.0, 6.0, title)];
    let mut filled = Vec::new();
    for (x, y, value_x, label, value) in rows {
        printed.push((x, y, 3.2, label.to_owned()));
        filled.push((value_x, y, 3.2, value));
    }
    match document {
        "digital-invoice" | "red-invoice" | "vat-invoice" | "red-vat-invoice" => {
            // The form before has the seller below.
            let sides = match document {
                "vat-invoice" | "red-vat-invoice" => {
                    [(5.0, 32.0, "购买方"), (5.0, 105.0, "销售方")]
                }
                _ => [(5.0, 28.0, "购买方信息"), (107.0, 28.0, "销售方信息")],
            };
            for (x, top, side) in sides {
                for (y, letter) in (0_u8..).zip(side.chars()) {
                    printed.push((x, top + 4.0 * f32::from(y), 3.2, letter.to_string()));
                }
            }
            filled.push((112.0, 108.0, 3.2, remark(document)));
            for (x, heading) in [
                (12.0, "项目名称"),
                (125.0, "金额"),
                (148.0, "税率"),
                (175.0, "税额"),
            ] {
                printed.push((x, 56.0, 3.2, heading.to_owned()));
            }
            printed.push((12.0, 92.0, 3.2, "合计".to_owned()));
            filled.extend([
                (12.0, 62.0, 3.2, get("item")),
                (125.0, 62.0, 3.2, get("total-without-tax")),
                (148.0, 62.0, 3.2, get("tax-rate")),
                (175.0, 62.0, 3.2, get("tax")),
                (124.0, 92.0, 3.2, yuan("total-without-tax")),
                (174.0, 92.0, 3.2, yuan("tax")),
            ]);
        }
        "rail-ticket" => filled.extend([
            (20.0, 25.0, 4.0, get("departure")),
            (45.0, 25.0, 4.0, get("train")),
            (70.0, 25.0, 4.0, get("destination")),
            (10.0, 36.0, 3.2, get("travel-date")),
            (36.0, 36.0, 3.2, format!("{}开", of.get("time"))),
            (60.0, 36.0, 3.2, get("seat")),
            (85.0, 36.0, 3.2, get("seat-class")),
            (10.0, 53.0, 3.2, get("passenger-id")),
            (60.0, 53.0, 3.2, get("passenger")),
        ]),
        "air-ticket" => {
            // As in a table: headings, and below them what they head.
            let tables: [(f32, &[Column]); 3] = [
                (
                    35.0,
                    &[
                        (10.0, "旅客姓名", get("passenger")),
                        (60.0, "有效身份证件号码", get("passenger-id")),
                    ],
                ),
                (
                    55.0,
                    &[
                        (60.0, "航班号", get("flight")),
                        (90.0, "座位等级", get("class")),
                        (115.0, "日期", get("travel-date")),
                    ],
                ),
                (
                    85.0,
                    &[
                        (10.0, "票价", format!("CNY {}", of.get("fare"))),
                        (40.0, "燃油附加费", format!("CNY {}", of.get("fuel"))),
                        (70.0, "增值税税率", get("tax-rate")),
                        (100.0, "增值税税额", format!("CNY {}", of.get("tax"))),
                        (130.0, "民航发展基金", format!("CNY {}", of.get("fund"))),
                        (170.0, "合计", format!("CNY {}", of.get("total"))),
                    ],
                ),
            ];
            for (y, columns) in tables {
                for (x, heading, value) in columns {
                    printed.push((*x, y, 3.2, (*heading).to_owned()));
                    filled.push((*x, y + 6.0, 3.2, value.clone()));
                }
            }
        }
        _ => {}
    }
    (printed, filled)
}

/// A page's XML; `by_letter` draws each letter as an object of its own.
fn page(template: Option<&str>, texts: &[Text], by_letter: bool) -> String {
    let mut objects = String::new();
    let mut id = 100;
    let mut draw = |x: f32, y: f32, size: f32, text: &str| {
        id += 1;
        let width = |c: char| if c.is_ascii() { size / 2.0 } else { size };
        let deltas: Vec<String> = text.chars().map(|c| width(c).to_string()).collect();
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        write!(
            objects,
            r#"<ofd:TextObject ID="{id}" Boundary="{x} {top} 100 {size}" Font="3" Size="{size}"><ofd:TextCode X="0" Y="{size}" DeltaX="{}">{text}</ofd:TextCode></ofd:TextObject>"#,
            deltas.join(" "),
            top = y - size,
        )
        .unwrap();
    };
    for (x, y, size, text) in texts {
        if !by_letter {
            draw(*x, *y, *size, text);
            continue;
        }
        let mut x = *x;
        for letter in text.chars() {
            draw(x, *y, *size, &letter.to_string());
            x += if letter.is_ascii() { size / 2.0 } else { *size };
        }
    }
    let template = template
        .map(|id| format!(r#"<ofd:Template TemplateID="{id}" ZOrder="Background"/>"#))
        .unwrap_or_default();
    format!(
        r#"<ofd:Page xmlns:ofd="http://www.ofdspec.org/2016"><ofd:Area><ofd:PhysicalBox>0 0 210 140</ofd:PhysicalBox></ofd:Area>{template}<ofd:Content><ofd:Layer ID="50">{objects}</ofd:Layer></ofd:Content></ofd:Page>"#
    )
}

/// The custom data of an OFD, by the names that producers use.
fn custom(document: &str) -> Vec<(&'static str, String)> {
    let of = Written::of(document);
    let names: &[(&str, &str)] = match document {
        "digital-invoice" | "red-invoice" => &[
            ("发票号码", "number"),
            ("开票日期", "issue-date"),
            ("销售方名称", "seller"),
            ("销售方纳税人识别号", "seller-id"),
            ("购买方名称", "buyer"),
            ("价税合计", "total"),
            ("合计金额", "total-without-tax"),
        ],
        "vat-invoice" | "red-vat-invoice" => &[
            ("发票代码", "series"),
            ("发票号码", "number"),
            ("开票日期", "issue-date"),
            ("校验码", "check-code"),
            ("销售方纳税人识别号", "seller-id"),
            ("合计金额", "total-without-tax"),
            ("合计税额", "tax"),
        ],
        "fiscal-bill" => &[
            ("票据代码", "series"),
            ("票据号码", "number"),
            ("校验码", "check-code"),
        ],
        "licence" => &[
            ("证照名称", "title"),
            ("证照标识", "identifier"),
            ("证照编号", "certificate-number"),
            ("证照颁发机构", "issuer"),
            ("证照颁发机构代码", "issuer-id"),
            ("证照颁发日期", "issue-date"),
            ("持证主体", "holder"),
            ("持证主体代码", "holder-id"),
        ],
        _ => &[],
    };
    let title = || values(document)["title"].as_str().unwrap().to_owned();
    names
        .iter()
        .map(|(name, value)| match *value {
            "title" => (*name, title()),
            value => (*name, of.get(value).to_owned()),
        })
        .collect()
}

/// What an OFD of a document holds besides its pages.
#[derive(Clone, Copy, PartialEq)]
pub enum With {
    /// Custom data, and the XML as an attachment where the document has one.
    Data,
    /// Nothing: what it states stands on its page alone.
    FaceAlone,
}

/// The parts of an OFD of a document, their names and their texts.
pub fn ofd_parts(document: &str, with: With) -> Vec<(String, String)> {
    let (printed, filled) = face(document);
    // The labels of the licence are drawn letter by letter, as from a form that was converted.
    let template = page(None, &printed, document == "licence");
    let content = page(Some("9"), &filled, false);
    let mut data = String::new();
    let mut attachments = "";
    let mut parts = Vec::new();
    if with == With::Data {
        for (name, value) in custom(document) {
            write!(
                data,
                r#"<ofd:CustomData Name="{name}">{value}</ofd:CustomData>"#
            )
            .unwrap();
        }
        data = format!("<ofd:CustomDatas>{data}</ofd:CustomDatas>");
        if let Some(xml) = xml(document) {
            attachments = "<ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments>";
            parts.push((
                "Doc_0/Attachs/Attachments.xml",
                r#"<ofd:Attachments xmlns:ofd="http://www.ofdspec.org/2016"><ofd:Attachment ID="8" Name="original_invoice" Format="xml" Visible="false"><ofd:FileLoc>original_invoice.xml</ofd:FileLoc></ofd:Attachment></ofd:Attachments>"#.to_owned(),
            ));
            parts.push(("Doc_0/Attachs/original_invoice.xml", xml));
        }
    }
    parts.push((
        "OFD.xml",
        format!(r#"<?xml version="1.0" encoding="UTF-8"?><ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016" DocType="OFD" Version="1.0"><ofd:DocBody><ofd:DocInfo><ofd:DocID>1</ofd:DocID>{data}</ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"#),
    ));
    parts.push((
        "Doc_0/Document.xml",
        format!(r#"<ofd:Document xmlns:ofd="http://www.ofdspec.org/2016"><ofd:CommonData><ofd:PageArea><ofd:PhysicalBox>0 0 210 140</ofd:PhysicalBox></ofd:PageArea><ofd:TemplatePage ID="9" BaseLoc="Tpls/Tpl_0/Content.xml"/></ofd:CommonData><ofd:Pages><ofd:Page ID="10" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages>{attachments}</ofd:Document>"#),
    ));
    parts.push(("Doc_0/Tpls/Tpl_0/Content.xml", template));
    parts.push(("Doc_0/Pages/Page_0/Content.xml", content));
    let owned = parts.into_iter();
    owned.map(|(name, text)| (name.to_owned(), text)).collect()
}

/// An OFD of a document.
pub fn ofd(document: &str, with: With) -> Vec<u8> {
    zipped(&ofd_parts(document, with))
}

/// An archive of these parts.
pub fn zipped(parts: &[(String, String)]) -> Vec<u8> {
    let parts = parts.iter();
    let parts: Vec<(String, Vec<u8>)> = parts
        .map(|(name, text)| (name.clone(), text.as_bytes().to_vec()))
        .collect();
    zipped_bytes(&parts)
}

/// An archive of these parts, which need not be texts.
pub fn zipped_bytes(parts: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        zip.start_file(name.as_str(), SimpleFileOptions::default())
            .unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}
