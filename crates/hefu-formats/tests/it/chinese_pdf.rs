//! Chinese documents as PDF, drawn here from the values that all renditions share.

use std::collections::BTreeMap;

use lopdf::{dictionary, Dictionary, Document, Object, Stream};
use serde_json::Value;

use crate::chinese_samples::{grouped, remark};

/// The documents in `tests/samples/cn/values.json`.
pub const KINDS: [&str; 8] = [
    "digital-invoice",
    "red-invoice",
    "vat-invoice",
    "red-vat-invoice",
    "fiscal-bill",
    "rail-ticket",
    "air-ticket",
    "licence",
];

pub fn values() -> Value {
    serde_json::from_str(include_str!("../samples/cn/values.json")).unwrap()
}

/// How the text of a PDF is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lettering {
    /// Codes of a subset font with a table to Unicode, as the tax platform does.
    Subset,
    /// The same, each letter by itself, from the last to the first.
    SingleLetters,
    /// GBK, as older software does.
    Gbk,
}

/// How a picture's pixels are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pixels {
    Grey1,
    Grey8,
    Rgb,
    Indexed,
    Stencil,
}

/// Words at their places in millimetres from the top left corner, with their size, and a code.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    pub words: Vec<(f32, f32, f32, String)>,
    pub code: Option<(String, Pixels)>,
}

impl Sheet {
    pub fn put(&mut self, x: f32, y: f32, text: impl Into<String>) {
        self.words.push((x, y, 3.2, text.into()));
    }

    /// Letters below each other.
    fn column(&mut self, x: f32, y: f32, text: &str) {
        for (index, letter) in text.chars().enumerate() {
            self.put(x, y + 4.0 * index as f32, letter);
        }
    }
}

/// The face of a document of `values.json`.
pub fn sheet(kind: &str) -> Sheet {
    let values = values();
    let document = &values[kind];
    let value = |name: &str| document["written"][name].as_str().unwrap();
    let mut sheet = Sheet::default();
    let title = document["title"].as_str().unwrap();
    sheet.words.push((70.0, 14.0, 6.0, title.to_owned()));
    match kind {
        "vat-invoice" | "red-vat-invoice" => {
            for (y, label, written) in [
                (10.0, "发票代码:", value("series").to_owned()),
                (15.5, "发票号码:", value("number").to_owned()),
                (21.0, "开票日期:", value("issue-date").to_owned()),
                (26.5, "校 验 码:", grouped(value("check-code"))),
            ] {
                sheet.put(148.0, y, label);
                sheet.put(166.0, y + 0.1, written);
            }
            sheet.put(6.0, 26.5, "机器编号：");
            sheet.put(24.0, 26.5, value("machine"));
            for (y, side, party) in [(32.0, "购买方", "buyer"), (105.0, "销售方", "seller")] {
                sheet.column(5.0, y, side);
                sheet.put(13.0, y + 2.0, "名        称：");
                sheet.put(38.0, y + 2.1, value(party));
                sheet.put(13.0, y + 7.0, "纳税人识别号：");
                sheet.put(38.0, y + 7.1, value(&format!("{party}-id")));
                sheet.put(13.0, y + 12.0, "地 址、电 话：");
                sheet.put(13.0, y + 17.0, "开户行及账号：");
            }
            sheet.column(118.0, 32.0, "密码区");
            sheet.put(124.0, 34.0, "00664<120+*+2-984159/29<+>17");
            for (x, heading) in [(30.0, "项目名称"), (150.0, "金  额"), (190.0, "税  额")] {
                sheet.put(x, 55.0, heading);
            }
            sheet.put(10.0, 60.0, value("item"));
            sheet.put(148.0, 60.0, value("total-without-tax"));
            sheet.put(190.0, 60.0, value("tax"));
            sheet.put(22.0, 94.0, "合          计");
            sheet.put(147.0, 94.0, format!("¥{}", value("total-without-tax")));
            sheet.put(189.0, 94.0, format!("¥{}", value("tax")));
            sheet.put(17.0, 100.0, "价税合计（大写）");
            sheet.put(65.0, 100.0, value("total-in-words"));
            sheet.put(150.0, 100.0, "（小写）");
            sheet.put(165.0, 100.0, format!("¥{}", value("total")));
            sheet.column(118.0, 105.0, "备注");
            sheet.put(124.0, 108.0, remark(kind));
            sheet.put(90.0, 128.0, "开票人：");
            sheet.put(104.0, 128.0, value("drawer"));
            let day = document["facts"]["issue-date"].as_str().unwrap();
            let code = format!(
                "01,10,{},{},{},{},{},A04C",
                value("series"),
                value("number"),
                value("total-without-tax"),
                day.replace('-', ""),
                value("check-code")
            );
            sheet.code = Some((code, Pixels::Grey1));
        }
        "digital-invoice" | "red-invoice" => {
            sheet.put(150.0, 12.0, "发票号码：");
            sheet.put(167.0, 12.2, value("number"));
            sheet.put(150.0, 18.0, "开票日期：");
            sheet.put(167.0, 18.2, value("issue-date"));
            for (x, side, party) in [
                (5.0, "购买方信息", "buyer"),
                (107.0, "销售方信息", "seller"),
            ] {
                sheet.column(x, 30.0, side);
                sheet.put(x + 6.0, 32.0, "名称：");
                sheet.put(x + 17.0, 32.3, value(party));
                sheet.put(x + 6.0, 43.0, "统一社会信用代码/纳税人识别号：");
                sheet.put(x + 57.0, 43.3, value(&format!("{party}-id")));
            }
            for (x, heading) in [
                (20.0, "项目名称"),
                (52.0, "规格型号"),
                (137.0, "金  额"),
                (165.0, "税率/征收率"),
                (190.0, "税  额"),
            ] {
                sheet.put(x, 51.0, heading);
            }
            sheet.put(6.0, 56.0, value("item"));
            sheet.put(136.0, 56.0, value("total-without-tax"));
            sheet.put(168.0, 56.0, value("tax-rate"));
            sheet.put(192.0, 56.0, value("tax"));
            sheet.put(20.0, 90.0, "合");
            sheet.put(33.0, 90.0, "计");
            sheet.put(135.0, 90.0, format!("¥{}", value("total-without-tax")));
            sheet.put(190.0, 90.0, format!("¥{}", value("tax")));
            sheet.put(17.0, 97.0, "价税合计（大写）");
            sheet.put(65.0, 97.0, value("total-in-words"));
            sheet.put(150.0, 97.0, "（小写）");
            sheet.put(165.0, 97.0, format!("¥{}", value("total")));
            sheet.column(5.0, 103.0, "备注");
            sheet.put(14.0, 105.0, remark(kind));
            sheet.put(20.0, 127.0, "开票人：");
            sheet.put(34.0, 127.0, value("drawer"));
            let day = document["facts"]["issue-date"].as_str().unwrap();
            let code = format!(
                "01,32,,{},{},{},,7E2B",
                value("number"),
                value("total-without-tax"),
                day.replace('-', "")
            );
            sheet.code = Some((code, Pixels::Grey1));
        }
        "fiscal-bill" => {
            for (x, y, label, name) in [
                (12.0, 24.0, "票据代码：", "series"),
                (140.0, 24.0, "票据号码：", "number"),
                (12.0, 30.0, "交款人统一社会信用代码：", "buyer-id"),
                (140.0, 30.0, "校验码：", "check-code"),
                (12.0, 36.0, "交款人：", "buyer"),
                (140.0, 36.0, "开票日期：", "issue-date"),
                (12.0, 110.0, "收款单位（章）：", "seller"),
                (150.0, 110.0, "收款人：", "drawer"),
            ] {
                sheet.put(x, y, label);
                sheet.put(x + 3.3 * label.chars().count() as f32, y, value(name));
            }
            sheet.put(14.0, 44.0, "项目名称");
            sheet.put(80.0, 44.0, "金额（元）");
            sheet.put(14.0, 50.0, value("item"));
            sheet.put(80.0, 50.0, value("total"));
            sheet.put(
                14.0,
                90.0,
                format!("金额合计（大写）{}", value("total-in-words")),
            );
            sheet.put(120.0, 90.0, format!("（小写）{}", value("total")));
        }
        "rail-ticket" => {
            sheet.put(10.0, 22.0, format!("发票号码:{}", value("number")));
            sheet.put(140.0, 22.0, format!("开票日期:{}", value("issue-date")));
            sheet.put(30.0, 34.0, value("departure"));
            sheet.put(90.0, 34.0, value("train"));
            sheet.put(140.0, 34.0, value("destination"));
            sheet.put(12.0, 46.0, value("travel-date"));
            sheet.put(44.0, 46.0, format!("{}开", value("time")));
            sheet.put(70.0, 46.0, value("seat"));
            sheet.put(110.0, 46.0, value("seat-class"));
            sheet.put(12.0, 54.0, "票价:");
            sheet.put(22.0, 54.0, format!("￥{}", value("total")));
            sheet.put(12.0, 62.0, value("passenger-id"));
            sheet.put(60.0, 62.0, value("passenger"));
            sheet.put(12.0, 70.0, format!("电子客票号:{}", value("ticket")));
            let buyer = format!(
                "购买方名称:{}   统一社会信用代码:{}",
                value("buyer"),
                value("buyer-id")
            );
            sheet.put(12.0, 78.0, buyer);
            sheet.code = Some((
                format!(
                    "01,51,,{},{},20250520,,11AB",
                    value("number"),
                    value("total")
                ),
                Pixels::Stencil,
            ));
        }
        "air-ticket" => {
            sheet.put(120.0, 22.0, format!("发票号码：{}", value("number")));
            let passenger = [
                (10.0, "旅客姓名", "passenger"),
                (60.0, "有效身份证件号码", "passenger-id"),
            ];
            for (x, heading, name) in passenger {
                sheet.put(x, 30.0, heading);
                sheet.put(x, 36.0, value(name));
            }
            for (x, heading, name) in [
                (10.0, "承运人", "carrier"),
                (40.0, "航班号", "flight"),
                (70.0, "座位等级", "class"),
                (100.0, "日期", "travel-date"),
            ] {
                sheet.put(x, 44.0, heading);
                sheet.put(x, 50.0, value(name));
            }
            for (x, heading, name) in [
                (10.0, "票价", "fare"),
                (40.0, "燃油附加费", "fuel"),
                (70.0, "增值税税率", "tax-rate"),
                (100.0, "增值税税额", "tax"),
                (130.0, "民航发展基金", "fund"),
                (180.0, "合计", "total"),
            ] {
                let sign = if name == "tax-rate" { "" } else { "CNY " };
                sheet.put(x, 60.0, heading);
                sheet.put(x, 66.0, format!("{sign}{}", value(name)));
            }
            for (x, y, label, name) in [
                (10.0, 76.0, "电子客票号码：", "ticket"),
                (90.0, 76.0, "验证码：", "check-code"),
                (10.0, 84.0, "购买方名称：", "buyer"),
                (110.0, 84.0, "统一社会信用代码/纳税人识别号：", "buyer-id"),
                (10.0, 92.0, "填开单位：", "seller"),
                (110.0, 92.0, "填开日期：", "issue-date"),
            ] {
                sheet.put(x, y, label);
                sheet.put(x + 3.3 * label.chars().count() as f32, y, value(name));
            }
        }
        _ => {
            sheet.put(20.0, 26.0, format!("电子证照标识：{}", value("identifier")));
            for (y, label, name) in [
                (40.0, "许可证编号", "certificate-number"),
                (50.0, "名        称", "holder"),
                (60.0, "统一社会信用代码", "holder-id"),
                (70.0, "经营项目", "scope"),
                (80.0, "发证机关", "issuer"),
                (90.0, "发证日期", "issue-date"),
                (100.0, "有效期至", "valid-until"),
                (110.0, "有效期自", "valid-from"),
            ] {
                sheet.put(20.0, y, label);
                sheet.put(60.0, y + 0.4, value(name));
            }
        }
    }
    sheet
}

/// Writes sheets as the pages of a PDF.
pub fn pdf(sheets: &[Sheet], lettering: Lettering) -> Vec<u8> {
    let mut bytes = Vec::new();
    document(sheets, lettering).save_to(&mut bytes).unwrap();
    bytes
}

pub fn document(sheets: &[Sheet], lettering: Lettering) -> Document {
    let mut document = Document::with_version("1.7");
    let mut letters: BTreeMap<char, u16> = BTreeMap::new();
    for letter in sheets
        .iter()
        .flat_map(|sheet| &sheet.words)
        .flat_map(|word| word.3.chars())
    {
        let next = letters.len() as u16 + 1;
        letters.entry(letter).or_insert(next);
    }
    let font = match lettering {
        Lettering::Gbk => gbk_font(&mut document),
        _ => subset_font(&mut document, &letters),
    };
    let pages = document.new_object_id();
    let mut kids = Vec::new();
    for sheet in sheets {
        let content = content(sheet, lettering, &letters);
        let mut stream = Stream::new(Dictionary::new(), content);
        stream.compress().unwrap();
        let content = document.add_object(stream);
        let mut pictures = Dictionary::new();
        if let Some((text, pixels)) = &sheet.code {
            let picture = document.add_object(picture(text, *pixels));
            pictures.set("Code", picture);
        }
        kids.push(Object::Reference(document.add_object(dictionary! {
            "Type" => "Page",
            "Parent" => pages,
            "Contents" => content,
            "Resources" => dictionary! { "Font" => dictionary! { "F1" => font.clone() }, "XObject" => pictures },
        })));
    }
    let count = kids.len() as i64;
    let box_of_page = [0, 0, 610, 400].map(Object::from).to_vec();
    let tree = dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count, "MediaBox" => box_of_page };
    document.objects.insert(pages, Object::Dictionary(tree));
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => pages });
    document.trailer.set("Root", catalog);
    document
}

fn content(sheet: &Sheet, lettering: Lettering, letters: &BTreeMap<char, u16>) -> Vec<u8> {
    const POINT: f32 = 72.0 / 25.4;
    let hex = |text: &str| -> String {
        let bytes: Vec<u8> = match lettering {
            // GBK has the wide yen sign only.
            Lettering::Gbk => encoding_rs::GBK
                .encode(&text.replace('¥', "￥"))
                .0
                .into_owned(),
            _ => text
                .chars()
                .flat_map(|letter| letters[&letter].to_be_bytes())
                .collect(),
        };
        bytes.iter().map(|byte| format!("{byte:02X}")).collect()
    };
    let mut shown = Vec::new();
    let mut show = |x: f32, y: f32, size: f32, text: &str| {
        let (x, y) = (x * POINT, 400.0 - y * POINT);
        let size = size * POINT;
        let hex = hex(text);
        shown.push(format!(
            "BT /F1 {size} Tf 1 0 0 1 {x} {y} Tm <{hex}> Tj ET\n"
        ));
    };
    for (x, y, size, text) in &sheet.words {
        if lettering != Lettering::SingleLetters {
            show(*x, *y, *size, text);
            continue;
        }
        let mut x = *x;
        for letter in text.chars() {
            show(x, *y, *size, &letter.to_string());
            x += size * width_of(letter) as f32 / 1000.0;
        }
    }
    if lettering == Lettering::SingleLetters {
        shown.reverse();
    }
    let mut content = shown.concat();
    if sheet.code.is_some() {
        content += "q 60 0 0 60 20 330 cm /Code Do Q\n";
    }
    content.into_bytes()
}

fn width_of(letter: char) -> i64 {
    if letter.is_ascii() {
        500
    } else {
        1000
    }
}

fn subset_font(document: &mut Document, letters: &BTreeMap<char, u16>) -> Object {
    let mut map = String::from(
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n\
         1 begincodespacerange <0000> <FFFF> endcodespacerange\n",
    );
    let mut widths = Vec::new();
    for (letter, code) in letters {
        let mut units = [0; 2];
        let units: String = (letter.encode_utf16(&mut units).iter())
            .map(|unit| format!("{unit:04X}"))
            .collect();
        map += &format!("1 beginbfchar <{code:04X}> <{units}> endbfchar\n");
        widths.push(Object::from(i64::from(*code)));
        widths.push(Object::Array(vec![width_of(*letter).into()]));
    }
    map += "endcmap end end";
    let mut map = Stream::new(Dictionary::new(), map.into_bytes());
    map.compress().unwrap();
    let map = document.add_object(map);
    let descendant = document.add_object(dictionary! {
        "Type" => "Font", "Subtype" => "CIDFontType2", "BaseFont" => "ABCDEF+SimSun",
        "CIDSystemInfo" => dictionary! {
            "Registry" => Object::string_literal("Adobe"),
            "Ordering" => Object::string_literal("Identity"), "Supplement" => 0,
        },
        "W" => widths,
    });
    let font = document.add_object(dictionary! {
        "Type" => "Font", "Subtype" => "Type0", "BaseFont" => "ABCDEF+SimSun",
        "Encoding" => "Identity-H", "DescendantFonts" => vec![Object::Reference(descendant)],
        "ToUnicode" => map,
    });
    Object::Reference(font)
}

fn gbk_font(document: &mut Document) -> Object {
    let descendant = document.add_object(dictionary! {
        "Type" => "Font", "Subtype" => "CIDFontType0", "BaseFont" => "STSong-Light",
        "CIDSystemInfo" => dictionary! {
            "Registry" => Object::string_literal("Adobe"),
            "Ordering" => Object::string_literal("GB1"), "Supplement" => 2,
        },
    });
    let font = document.add_object(dictionary! {
        "Type" => "Font", "Subtype" => "Type0", "BaseFont" => "STSong-Light-GBK-EUC-H",
        "Encoding" => "GBK-EUC-H", "DescendantFonts" => vec![Object::Reference(descendant)],
    });
    Object::Reference(font)
}

/// A QR code, three pixels a module, with its white margin.
pub fn picture(text: &str, pixels: Pixels) -> Stream {
    const SCALE: usize = 3;
    let code = qrcode::QrCode::new(text).unwrap();
    let modules = code.width();
    let colors = code.to_colors();
    let side = (modules + 8) * SCALE;
    let is_black = |x: usize, y: usize| {
        let (x, y) = ((x / SCALE).wrapping_sub(4), (y / SCALE).wrapping_sub(4));
        x < modules && y < modules && colors[y * modules + x] == qrcode::Color::Dark
    };
    let mut content = Vec::new();
    for y in 0..side {
        let line = (0..side).map(|x| is_black(x, y));
        match pixels {
            Pixels::Grey8 => content.extend(line.map(|black| if black { 10 } else { 250 })),
            Pixels::Rgb => content.extend(line.flat_map(|black| match black {
                true => [0, 0, 120],
                false => [255, 255, 255],
            })),
            Pixels::Grey1 | Pixels::Indexed | Pixels::Stencil => {
                // White is 1, but in a stencil 0 paints, and here the palette begins with white.
                let bits: Vec<bool> = match pixels {
                    Pixels::Indexed => line.collect(),
                    _ => line.map(|black| !black).collect(),
                };
                content.extend(bits.chunks(8).map(|bits| {
                    let bits = bits.iter().enumerate();
                    bits.fold(0_u8, |byte, (at, bit)| byte | u8::from(*bit) << (7 - at))
                }));
            }
        }
    }
    let side = side as i64;
    let mut dictionary = dictionary! {
        "Type" => "XObject", "Subtype" => "Image", "Width" => side, "Height" => side,
    };
    match pixels {
        Pixels::Stencil => dictionary.set("ImageMask", true),
        Pixels::Indexed => {
            let palette = Object::string_literal(vec![255, 255, 255, 0, 0, 0]);
            let space = vec!["Indexed".into(), "DeviceRGB".into(), 1.into(), palette];
            dictionary.set("ColorSpace", space);
        }
        Pixels::Rgb => dictionary.set("ColorSpace", "DeviceRGB"),
        _ => dictionary.set("ColorSpace", "DeviceGray"),
    }
    let bits = if matches!(pixels, Pixels::Grey8 | Pixels::Rgb) {
        8
    } else {
        1
    };
    dictionary.set("BitsPerComponent", bits);
    let mut stream = Stream::new(dictionary, content);
    stream.compress().unwrap();
    stream
}
