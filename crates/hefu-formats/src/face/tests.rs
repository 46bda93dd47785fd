use super::*;

/// A page of words, each at its place in millimetres.
fn page(words: &[(f32, f32, &str)]) -> Vec<Run> {
    let run = |&(x, y, text): &(f32, f32, &str)| Run {
        page: 1,
        x,
        y,
        width: 0.0,
        height: 3.2,
        text: text.to_owned(),
        place: "page 1".to_owned(),
    };
    words.iter().map(run).collect()
}

/// The same page with every letter drawn by itself.
fn letters(runs: &[Run]) -> Vec<Run> {
    let mut single = Vec::new();
    for run in runs {
        let mut x = run.x;
        for letter in run.text.chars() {
            let width = run.height * if letter.is_ascii() { 0.5 } else { 1.0 };
            let text = letter.to_string();
            single.push(Run {
                x,
                width,
                text,
                ..run.clone()
            });
            x += width;
        }
    }
    // The order in which letters are drawn says nothing.
    single.reverse();
    single
}

fn code(text: &str) -> Code {
    Code {
        text: text.to_owned(),
        place: "page 1 (QR code)".to_owned(),
    }
}

#[track_caller]
fn stated(runs: &[Run], codes: &[Code]) -> Stated {
    read(runs, codes).unwrap().expect("a face")
}

fn value<'s>(stated: &'s Stated, name: &str) -> Option<&'s str> {
    stated.fact(name).map(|fact| fact.value.as_str())
}

const INVOICE: [(f32, f32, &str); 33] = [
    (60.0, 12.0, "电子发票（普通发票）"),
    (145.0, 12.0, "发票号码："),
    (163.0, 12.1, "25992000000000012345"),
    (145.0, 18.0, "开票日期："),
    (163.0, 18.1, "2025年06月18日"),
    (7.0, 30.0, "购"),
    (7.0, 34.0, "买"),
    (7.0, 38.0, "方"),
    (7.0, 42.0, "信"),
    (7.0, 46.0, "息"),
    (13.0, 32.0, "名称："),
    (25.0, 32.3, "某某市青禾贸易有限公司"),
    (13.0, 43.0, "统一社会信用代码/纳税人识别号："),
    (65.0, 43.2, "91990102MA0X0002B9"),
    (107.0, 30.0, "销"),
    (107.0, 34.0, "售"),
    (107.0, 38.0, "方"),
    (107.0, 42.0, "信"),
    (107.0, 46.0, "息"),
    (113.0, 32.0, "名称："),
    (125.0, 32.3, "某某市云杉软件有限公司"),
    (113.0, 43.0, "统一社会信用代码/纳税人识别号："),
    (165.0, 43.2, "91990101MA0X0001AN"),
    (145.0, 52.0, "金  额"),
    (190.0, 52.0, "税  额"),
    (20.0, 90.0, "合"),
    (33.0, 90.0, "计"),
    (144.0, 90.0, "¥1000.00"),
    (189.0, 90.0, "¥60.00"),
    (17.0, 97.0, "价税合计（大写）"),
    (63.0, 97.0, "壹仟零陆拾圆整"),
    (150.0, 97.0, "（小写）"),
    (165.0, 97.0, "¥1060.00"),
];

#[track_caller]
fn check_invoice(stated: &Stated) {
    assert_eq!(stated.doubts, [""; 0]);
    let identity = stated.identity.clone().expect("an identity");
    assert_eq!(
        (identity.legal_issuer.as_str(), identity.number.as_str()),
        ("91990101MA0X0001AN", "25992000000000012345")
    );
    for (name, expected) in [
        ("issue-date", "2025-06-18"),
        ("buyer", "某某市青禾贸易有限公司"),
        ("buyer-id", "91990102MA0X0002B9"),
        ("seller", "某某市云杉软件有限公司"),
        ("total-without-tax", "100000"),
        ("tax", "6000"),
        ("total", "106000"),
        ("currency", "CNY"),
    ] {
        assert_eq!(value(stated, name), Some(expected), "{name}");
    }
}

#[test]
fn a_digital_invoice_is_read_by_the_places_of_its_words() {
    let runs = page(&INVOICE);
    check_invoice(&stated(&runs, &[]));
    check_invoice(&stated(&letters(&runs), &[]));
    let mut reversed = runs.clone();
    reversed.reverse();
    check_invoice(&stated(&reversed, &[]));
}

#[test]
fn the_codes_amount_is_without_tax() {
    let runs = page(&INVOICE);
    let good = "01,32,,25992000000000012345,1000.00,20250618,,9A3F";
    check_invoice(&stated(&runs, &[code(good)]));
    let with_tax = stated(&runs, &[code(&good.replace("1000.00", "1060.00"))]);
    assert_eq!(value(&with_tax, "total-without-tax"), None);
    assert_eq!(with_tax.doubts.len(), 1);
    assert!(with_tax.identity.is_some());
}

#[test]
fn a_code_that_contradicts_the_text_leaves_no_identity() {
    let other = code("01,32,,25992000000000099999,1000.00,20250618,,9A3F");
    let stated = stated(&page(&INVOICE), &[other]);
    assert_eq!(stated.identity, None);
    assert_eq!(stated.missing, ["number"]);
    assert_eq!(stated.doubts.len(), 1);
    assert!(stated.doubts[0].contains("page 1 (QR code)"));
}

#[test]
fn a_picture_with_a_code_alone_lacks_the_seller() {
    let alone = stated(
        &[],
        &[code("01,32,,25992000000000012345,1000.00,20250618,,9A3F")],
    );
    assert_eq!(alone.missing, ["seller identifier"]);
    assert_eq!(value(&alone, "number"), Some("25992000000000012345"));
    assert_eq!(value(&alone, "issue-date"), Some("2025-06-18"));
    assert_eq!(value(&alone, "total-without-tax"), Some("100000"));
    let old = code("01,10,050001700111,12235358,10000.00,20200805,16630282980991510014,E5E6");
    let old = stated(&[], &[old]);
    assert_eq!(value(&old, "series"), Some("050001700111"));
    assert_eq!(value(&old, "check-code"), Some("16630282980991510014"));
}

#[test]
fn sides_are_told_by_the_form_where_no_word_tells() {
    let side_words = ["购", "买", "方", "信", "息", "销", "售"];
    let words: Vec<_> = (INVOICE.iter().copied())
        .filter(|(_, _, text)| !side_words.contains(text))
        .collect();
    check_invoice(&stated(&page(&words), &[]));
    // The older form has the seller below.
    let moved: Vec<_> = (words.iter().copied())
        .map(
            |(x, y, text)| match x >= 100.0 && (30.0..45.0).contains(&y) {
                true => (x - 100.0, y + 75.0, text),
                false => (x, y, text),
            },
        )
        .collect();
    check_invoice(&stated(&page(&moved), &[]));
}

#[test]
fn an_empty_place_takes_nothing_from_its_neighbour() {
    let without: Vec<_> = (INVOICE.iter().copied())
        .filter(|(_, _, text)| !text.starts_with("91990102") && !text.starts_with("某某市青禾"))
        .collect();
    let stated = stated(&page(&without), &[]);
    assert_eq!(value(&stated, "buyer"), None);
    assert_eq!(value(&stated, "buyer-id"), None);
    assert_eq!(value(&stated, "seller-id"), Some("91990101MA0X0001AN"));
}

#[test]
fn a_number_with_an_unknown_letter_is_none() {
    let mut runs = page(&INVOICE);
    runs[2].text = "2599200000000001234\u{fffd}".to_owned();
    assert_eq!(stated(&runs, &[]).missing, ["number"]);
}

#[test]
fn two_numbers_are_a_doubt() {
    let mut runs = page(&INVOICE);
    let second = [(145.0, 120.0, "发票号码：25992000000000077777")];
    runs.extend(page(&second));
    let stated = stated(&runs, &[]);
    assert_eq!(stated.identity, None);
    assert_eq!(stated.doubts.len(), 1);
}

#[test]
fn a_red_invoice_is_negative_and_names_the_blue_one() {
    let words: Vec<_> = (INVOICE.iter().copied())
        .map(|(x, y, text)| match text {
            "¥1000.00" => (x, y, "¥-1000.00"),
            "¥60.00" => (x, y, "-¥60.00"),
            "¥1060.00" => (x, y, "¥ -1,060.00"),
            text => (x, y, text),
        })
        .chain([(
            13.0,
            110.0,
            "被红冲蓝字数电票号码：25992000000000054321 红字发票信息确认单编号：99012500000000001",
        )])
        .collect();
    let red = stated(&page(&words), &[]);
    assert_eq!(value(&red, "total-without-tax"), Some("-100000"));
    assert_eq!(value(&red, "tax"), Some("-6000"));
    assert_eq!(value(&red, "total"), Some("-106000"));
    assert_eq!(value(&red, "preceding"), Some("25992000000000054321"));
    assert!(red.identity.is_some());
}

#[test]
fn the_invoice_before_has_a_code_and_a_check_code() {
    let words = [
        (68.0, 12.0, "某某增值税电子普通发票"),
        (148.0, 10.0, "发票代码:"),
        (164.0, 10.0, "099002500111"),
        (148.0, 15.5, "发票号码:"),
        (164.0, 15.5, "99999951"),
        (148.0, 21.0, "开票日期:"),
        (164.0, 21.0, "2020 年10 月10 日"),
        (148.0, 26.5, "校 验 码:"),
        (164.0, 26.5, "14754 82292 98567 72523"),
        (6.0, 26.5, "机器编号："),
        (22.0, 26.5, "016000351595"),
        (13.0, 34.0, "名        称："),
        (36.0, 34.0, "甲公司"),
        (13.0, 39.0, "纳税人识别号："),
        (36.0, 39.0, "91990102MA0X0002B9"),
        (22.0, 94.0, "合          计"),
        (144.0, 94.0, "¥300.00"),
        (186.0, 94.0, "***"),
        (17.0, 100.0, "价税合计（大写）叁佰圆整"),
        (156.0, 100.0, "（小写）¥300.00"),
        (13.0, 107.0, "名        称："),
        (36.0, 107.0, "乙公司"),
        (13.0, 112.0, "纳税人识别号："),
        (36.0, 112.0, "91990101MA0X0001AN"),
    ];
    for runs in [page(&words), letters(&page(&words))] {
        let old = stated(&runs, &[]);
        let identity = old.identity.clone().expect("an identity");
        assert_eq!(identity.series, "099002500111");
        assert_eq!(identity.number, "99999951");
        assert_eq!(identity.legal_issuer, "91990101MA0X0001AN");
        assert_eq!(value(&old, "check-code"), Some("14754822929856772523"));
        assert_eq!(value(&old, "issue-date"), Some("2020-10-10"));
        assert_eq!(value(&old, "seller"), Some("乙公司"));
        assert_eq!(value(&old, "total"), Some("30000"));
    }
}

#[test]
fn the_code_of_a_blockchain_invoice_begins_with_1() {
    let words = [
        (68.0, 12.0, "某某增值税电子普通发票"),
        (148.0, 10.0, "发票代码："),
        (166.0, 10.0, "199032509110"),
        (148.0, 15.5, "发票号码："),
        (166.0, 15.5, "02345678"),
        (148.0, 21.0, "开票日期："),
        (166.0, 21.0, "2020-03-09"),
        (148.0, 26.5, "校验码："),
        (166.0, 26.5, "a91f3"),
        (13.0, 107.0, "销售方名称："),
        (36.0, 107.0, "乙公司"),
        (13.0, 112.0, "销售方纳税人识别号："),
        (46.0, 112.0, "91990101MA0X0001AN"),
    ];
    let invoice = stated(&page(&words), &[]);
    assert_eq!(value(&invoice, "check-code"), Some("a91f3"));
    assert_eq!(value(&invoice, "issue-date"), Some("2020-03-09"));
    let identity = invoice.identity.clone().expect("an identity");
    assert_eq!(identity.series, "199032509110");
    assert!(invoice.profile.normalise(&identity).is_ok());
}

/// The invoice with a name in these lines, below its label's line by as much.
fn with_buyer(lines: &[(f32, f32, &'static str)]) -> Vec<Run> {
    let others = INVOICE.iter().copied();
    let others = others.filter(|(_, _, text)| !text.starts_with("某某市青禾"));
    let lines = lines.iter().map(|&(x, down, text)| (x, 32.0 + down, text));
    page(&others.chain(lines).collect::<Vec<_>>())
}

#[test]
fn a_name_that_takes_several_lines_is_joined() {
    for lines in [
        &[(25.0, 0.3, "某某市青禾"), (25.0, 4.2, "贸易有限公司")][..],
        &[(25.0, -1.8, "某某市青禾"), (25.0, 1.9, "贸易有限公司")],
        &[
            (25.0, -1.7, "某某市青"),
            (25.2, 2.0, "禾贸易有"),
            (25.0, 5.6, "限公司"),
        ],
    ] {
        let runs = with_buyer(lines);
        check_invoice(&stated(&runs, &[]));
        check_invoice(&stated(&letters(&runs), &[]));
    }
    // The label and the beginning of the name are one piece.
    let words = INVOICE.map(|(x, y, text)| match text {
        "名称：" if x < 50.0 => (x, y, "名称：某某市青禾"),
        "某某市青禾贸易有限公司" => (x + 3.2 * 3.0 - 12.0, y + 4.0, "贸易有限公司"),
        _ => (x, y, text),
    });
    check_invoice(&stated(&page(&words), &[]));
}

#[test]
fn a_name_that_may_go_on_is_none() {
    for lines in [
        // At another edge, so that it may be something else.
        &[(25.0, 0.3, "某某市青禾"), (31.0, 4.2, "贸易有限公司")][..],
        // A letter that cannot be read.
        &[(25.0, 0.3, "某某市青禾"), (25.0, 4.2, "贸易有\u{fffd}公司")],
        // Whether a space was at the end of the line, nobody can see.
        &[(25.0, 0.3, "Green Rice Trad"), (25.0, 4.2, "ing Ltd")],
        // More lines than any box has.
        &[
            (25.0, -5.0, "一"),
            (25.0, -1.2, "二"),
            (25.0, 2.5, "三"),
            (25.0, 6.2, "四"),
            (25.0, 9.0, "五"),
        ],
    ] {
        let stated = stated(&with_buyer(lines), &[]);
        assert_eq!(value(&stated, "buyer"), None, "{lines:?}");
        assert_eq!(value(&stated, "seller"), Some("某某市云杉软件有限公司"));
        assert!(stated.identity.is_some() && stated.doubts.is_empty());
    }
    // What stands on the next label's line is that label's value, also where the lines are narrow.
    let narrow = INVOICE.map(|(x, y, text)| match text {
        _ if (40.0..45.0).contains(&y) && text.len() > 10 => (x, 36.0 + (y - 43.0) * 6.0, text),
        _ => (x, y, text),
    });
    check_invoice(&stated(&page(&narrow), &[]));
    let stated = stated(
        &with_buyer(&[(25.0, 0.3, "某某市青禾贸易有限公司"), (25.0, 20.0, "餐费")]),
        &[],
    );
    check_invoice(&stated);
}

const PERMIT: [(f32, f32, &str); 8] = [
    (60.0, 20.0, "某某资源勘查许可证"),
    (20.0, 40.0, "证号："),
    (40.0, 40.0, "T99990001"),
    (20.0, 50.0, "探矿权人："),
    (40.0, 50.0, "甲公司"),
    (100.0, 80.0, "发证机关"),
    (101.0, 84.0, "勘查登记专用章"),
    (20.0, 90.0, "印制"),
];

#[test]
fn the_day_below_the_place_of_the_seal_is_the_day_of_issue() {
    let with = |words: &[(f32, f32, &'static str)]| {
        let words: Vec<_> = PERMIT.iter().chain(words).copied().collect();
        stated(&page(&words), &[])
    };
    // The form prints the marks as one piece or as three, and the numbers stand between them.
    let marks = (106.0, 90.0, "年      月      日");
    let numbers = [
        (97.0, 90.3, "2022"),
        (113.0, 90.3, "11"),
        (125.0, 90.3, "01"),
    ];
    let issued = [&[marks][..], &numbers].concat();
    for words in [
        &issued[..],
        &[
            &[
                (106.0, 90.0, "年"),
                (118.0, 90.0, "月"),
                (130.0, 90.0, "日"),
            ][..],
            &numbers,
        ]
        .concat(),
        &[(100.0, 90.0, "2022年11月1日")],
        // With a label of its own.
        &[&issued[..], &[(84.0, 90.1, "发证日期：")]].concat(),
    ] {
        assert_eq!(
            value(&with(words), "issue-date"),
            Some("2022-11-01"),
            "{words:?}"
        );
    }
    for words in [
        // Nothing filled in, one number that is missing or too many, no month.
        &[marks][..],
        &[marks, numbers[0], numbers[1]],
        &[
            marks,
            numbers[0],
            numbers[1],
            numbers[2],
            (120.5, 90.3, "5"),
        ],
        &[marks, numbers[0], (113.0, 90.3, "13"), numbers[2]],
        // Two days, a day beside other words, a day elsewhere.
        &[
            (100.0, 90.0, "2022年11月1日"),
            (100.0, 95.0, "2022年11月2日"),
        ],
        &[(84.0, 90.0, "打印："), (100.0, 90.0, "2022年11月1日")],
        &[(20.0, 60.0, "2022年11月1日")],
        &[(100.0, 160.0, "2022年11月1日")],
    ] {
        assert_eq!(value(&with(words), "issue-date"), None, "{words:?}");
    }
}

#[test]
fn an_annex_that_names_another_number_contradicts() {
    let annex = |number: &'static str| {
        let words = [
            (60.0, 20.0, "某某资源勘查许可证附件"),
            (20.0, 30.0, "资源勘查许可证编号："),
            (60.0, 30.2, number),
            (20.0, 40.0, "从业证书编号："),
            (60.0, 40.2, "C77"),
        ];
        let mut second = page(&words);
        second.iter_mut().for_each(|run| run.page = 2);
        let mut runs = page(&PERMIT);
        runs.push(page(&[(130.0, 80.0, "某某厅")]).remove(0));
        runs.extend(second);
        stated(&runs, &[])
    };
    let same = annex("T99990001");
    assert!(
        same.identity.is_some() && same.doubts.is_empty(),
        "{same:?}"
    );
    let other = annex("T99990002");
    assert!(other.identity.is_none() && other.missing[0].contains("several"));
    // The number is still that of the certificate itself.
    assert_eq!(value(&other, "number"), Some("T99990001"));
    assert!(other.doubts[0].contains("T99990001") && other.doubts[0].contains("T99990002"));
}

#[test]
fn other_pages_are_no_face() {
    for words in [
        &[][..],
        &[(10.0, 10.0, "Rechnung Nr. 4711"), (10.0, 20.0, "合计 100")],
        &[(10.0, 10.0, "关于电子发票（普通发票）的通知")],
        &[(10.0, 10.0, "编号：12")],
    ] {
        assert_eq!(read(&page(words), &[]).unwrap(), None);
    }
    assert_eq!(
        read(&[], &[code("https://example.org/?n=1,2,3")]).unwrap(),
        None
    );
    let shown = [(10.0, 10.0, "Quittung mit einem Code")];
    let ticket = code("01,51,,25992000000000012345,1000.00,20250618,,9A3F");
    assert_eq!(read(&page(&shown), &[ticket]).unwrap(), None);
}

#[test]
fn wild_places_do_no_harm() {
    let mut runs = page(&INVOICE);
    for (index, wild) in [f32::NAN, f32::INFINITY, -1e30, 0.0, f32::MIN_POSITIVE]
        .iter()
        .enumerate()
    {
        runs[index].x = *wild;
        runs[index + 5].height = *wild;
        runs[index + 10].width = *wild;
    }
    let _ = read(&runs, &[]).unwrap();
    let many: Vec<Run> = (0..20_000)
        .map(|_| page(&[(1.0, 1.0, "名称：")]).remove(0))
        .collect();
    assert_eq!(read(&many, &[]).unwrap(), None);
}

#[test]
fn a_page_of_names_takes_little_work() {
    // As many labels as are read, each with a name of many lines; work that grows with the square of
    // what is read would take minutes.
    let mut runs = page(&INVOICE);
    for row in 0..30 {
        for column in 0..30 {
            let (x, y) = (10.0 + 40.0 * column as f32, 200.0 + 4.0 * row as f32);
            runs.extend(page(&[(x, y, "名称："), (x + 12.0, y + 0.4, "某某公司")]));
        }
    }
    assert!(read(&runs, &[]).unwrap().is_some());
}
