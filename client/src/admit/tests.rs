use crate::say::Exit;
use crate::testing::{credit_code, Governed, SUITE};
use hefu_types::key;
use hefu_types::leaf::{RegistrarLeaf, RegistrarRight, Standing};
use hefu_types::operation::Operation;
use hefu_types::{Code, Millis};

/// A code of Guangdong, whose companies the agency `gd-tax` of the network is in charge of for invoices.
fn code(number: u32) -> String {
    credit_code(&format!("12440000MB{number:07}"))
}

/// What the text tells of one row.
fn row(text: &str, number: usize) -> &str {
    let begin = format!("  {number} ");
    text.lines()
        .find(|line| line.starts_with(&begin))
        .unwrap_or_else(|| panic!("row {number}: {text}"))
}

/// The spreadsheet of a bureau, with what goes wrong in spreadsheets.
fn spreadsheet(governed: &Governed) -> String {
    for (id, number) in [("h-1", 1), ("h-2", 2), ("h-3", 3), ("h-5", 5), ("h-6", 6)] {
        governed.agency_request(id, &code(number), "invoice");
    }
    governed.agency_request("h-7", &code(7), "invoice-of-mars");
    // Its issuers are those of the agency gd-tax.
    governed.agency_request("h-4", &credit_code("91440000MB0000004"), "invoice");
    // The proof is of another agency's key.
    let mut file = governed.read_json("h-5.request");
    let other = governed.read_json("h-1.request");
    file["asks"]["agency"]["key"]["proof"] = other["asks"]["agency"]["key"]["proof"].clone();
    governed.write_json("broken.request", &file);
    let mistyped = format!("{}0", &code(3)[..17]);
    format!(
        "申请文件,统一社会信用代码,名称,密钥有效期至\r\n\
         h-1.request,{one},Hospital-h-1,2031/1/31\r\n\
         h-2.request,,,\r\n\
         h-3.request,{mistyped},,\r\n\
         h-1.request,,,\r\n\
         ,,,\r\n\
         h-4.request,,,\r\n\
         broken.request,,,\r\n\
         h-6.request,,\"Another\nname\",\r\n\
         h-7.request,,,\r\n\
         missing.request,,,\r\n\
         h-2.key,,,2020-01-01\r\n",
        one = code(1),
    )
}

#[test]
fn a_table_tells_the_rows_that_failed_and_admits_the_others_once() {
    let governed = Governed::start();
    let table = spreadsheet(&governed);
    let (gb, _, _) = encoding_rs::GB18030.encode(&table);
    governed.write("hospitals.csv", &gb);

    let dry = governed.told("agency admit --key @r-gd.json --csv @hospitals.csv --dry-run");
    assert_eq!(dry.exit, Exit::No);
    assert!(
        dry.text
            .contains("2 would be admitted, 8 failed. Nothing was sent."),
        "{}",
        dry.text
    );
    assert!(governed.node().came.is_empty());

    let report = governed.told("agency admit --key @r-gd.json --csv @hospitals.csv");
    assert_eq!(report.exit, Exit::No);
    let text = &report.text;
    assert!(row(text, 2).ends_with("admitted"), "{text}");
    assert!(row(text, 3).ends_with("admitted"), "{text}");
    assert!(
        row(text, 4).contains("is no unified social credit code"),
        "{text}"
    );
    assert!(
        row(text, 5).contains("3010 h-1 stands in row 2 too"),
        "{text}"
    );
    assert!(row(text, 7).contains("3012 the issuers 9144"), "{text}");
    assert!(row(text, 7).contains("gd-tax"), "{text}");
    assert!(
        row(text, 8).contains("3014 the proof does not hold"),
        "{text}"
    );
    assert!(row(text, 9).contains("1002 name: the table says"), "{text}");
    // The line break in the cell above does not move the number.
    assert!(
        row(text, 10).contains("1003 the document type \"invoice-of-mars\""),
        "{text}"
    );
    assert!(row(text, 11).contains("1006"), "{text}");
    assert!(row(text, 12).contains("1006"), "{text}");
    assert!(
        row(text, 12).contains("key_until: the day is over"),
        "{text}"
    );
    assert!(
        text.contains("2 admitted, 8 failed. Mend the rows"),
        "{text}"
    );
    let came = governed.node().came.concat();
    let ends: Vec<Millis> = (came.iter())
        .map(|operation| match operation {
            Operation::AdmitAgency(admit) => admit.key_valid_before,
            other => panic!("{other:?}"),
        })
        .collect();
    // Until the end of that day in China.
    assert_eq!(
        ends[0],
        crate::times::time("2031-02-01T00:00:00+08:00").expect("a time")
    );

    let again = governed.told("agency admit --key @r-gd.json --csv @hospitals.csv");
    assert!(
        again.text.contains("2 admitted before, 8 failed"),
        "{}",
        again.text
    );
    assert_eq!(governed.node().came.len(), 1);
    let zh = governed
        .run_in("zh", "agency admit --key @r-gd.json --csv @hospitals.csv")
        .expect("told");
    assert!(zh.text.contains("h-1 与第 2 行重复"), "{}", zh.text);
    assert!(zh.text.contains("此前已准入 2，未通过 8"), "{}", zh.text);
}

#[test]
fn a_row_may_bring_key_and_proof_itself() {
    let governed = Governed::start();
    governed.agency_request("h-1", &code(1), "invoice");
    let key = governed.read_json("h-1.request")["asks"]["agency"]["key"].clone();
    let (public, proof) = (
        key["key"].as_str().expect("a key"),
        key["proof"].as_str().expect("a proof"),
    );
    let own = code(1);
    let table = format!(
        "id,name,region,contact,uscc,type,issuer_prefix,legal_basis,key,proof\n\
         h-1,Hospital,guangdong,020-1,{own},invoice; licence,,list,{public},{proof}\n\
         h-2,Hospital,guangdong,020-1,{own},invoice,-,list,{public},\n\
         h-3,Hospital,guangdong,020-1,,invoice,,list,{public},{proof}\n\
         h-4,Hospital,guangdong,020-1,12440000MB00000010,licence,-,list,{public},{proof}\n"
    );
    governed.write("list.csv", table.as_bytes());
    let report = governed.told("agency admit --key @r-gd.json --csv @list.csv");
    let text = &report.text;
    assert!(row(text, 2).ends_with("admitted"), "{text}");
    assert!(
        row(text, 3).contains("a key comes with its proof"),
        "{text}"
    );
    assert!(row(text, 4).contains("say for which issuers"), "{text}");
    assert!(
        row(text, 5).contains("1001 12440000MB00000010 is no unified social credit code"),
        "{text}"
    );
    let came = governed.node().came.concat();
    let [Operation::AdmitAgency(admit)] = came.as_slice() else {
        panic!("{came:?}")
    };
    let types: Vec<_> = admit
        .agency
        .entitlements
        .iter()
        .map(|of| of.document_type.as_str())
        .collect();
    assert_eq!(types, ["invoice", "licence"]);
    assert!(admit
        .agency
        .entitlements
        .iter()
        .all(|of| of.issuer_prefixes == [own.clone()]));
}

#[test]
fn a_registrar_learns_what_is_beyond_its_rights_before_it_asks() {
    let governed = Governed::start();
    governed.agency_request("h-1", &code(1), "invoice");
    let at = key::registrar(SUITE, "r-gd");
    let refused = |change: fn(&mut RegistrarLeaf), why: &str| {
        governed.change(at, change);
        let report = governed.told("agency admit --key @r-gd.json @h-1.request");
        assert_eq!(report.exit, Exit::No);
        assert!(report.text.contains(why), "{}", report.text);
    };
    refused(
        |leaf| {
            leaf.rights = vec![RegistrarRight {
                document_type: Some("licence".into()),
                issuer_prefixes: vec![String::new()],
            }];
        },
        "may not entitle anybody to invoice",
    );
    refused(
        |leaf| {
            leaf.rights = vec![RegistrarRight {
                document_type: None,
                issuer_prefixes: vec!["9144".into()],
            }];
        },
        "may not entitle to invoice of the issuers 1244",
    );
    refused(
        |leaf| leaf.region = "zhejiang".into(),
        "the registrar is one of \"zhejiang\"",
    );
    refused(|leaf| leaf.standing = Standing::Suspended, "3006");
    assert!(governed.node().came.is_empty());
}

/// Of a member the ledger learns a commitment, and nothing else of who it is.
#[test]
fn a_members_identifier_stays_with_the_registrar() {
    let governed = Governed::start();
    let own = credit_code("91440000MA0000001");
    let out = governed.path("member.json").display().to_string();
    let words = [
        "hefu",
        "keygen",
        "--role",
        "member",
        "--identifier",
        &own,
        "--out",
        &out,
    ];
    let cli = <crate::cli::Cli as clap::Parser>::try_parse_from(words).expect("typed");
    let report = crate::run(&cli).expect("made");
    let id = report.json["holder"].as_str().expect("an id").to_owned();
    assert!(id.starts_with("m-") && id.len() == 18, "{id}");
    governed.told("member request --region guangdong --key @member.json --out @member.request");
    let report = governed.told("member admit --key @r-gd.json @member.request");
    assert_eq!(report.exit, Exit::Yes, "{}", report.text);
    assert!(
        report.text.contains(&own),
        "the registrar sees whom it admits"
    );
    let came = governed.node().came.concat();
    let [operation @ Operation::AdmitMember(admit)] = came.as_slice() else {
        panic!("{came:?}")
    };
    let file = crate::keys::read(&governed.path("member.json")).expect("a key");
    assert_eq!(Some(admit.identifier), file.member_commitment());
    let bytes = operation.encode();
    assert!(!bytes.windows(own.len()).any(|part| part == own.as_bytes()));

    // Who says that he is another is found out.
    let mut request = governed.read_json("member.request");
    request["asks"]["member"]["opening"]["identifier"] = credit_code("91440000MA0000002").into();
    governed.write_json("liar.request", &request);
    let report = governed.told("member admit --key @r-gd.json @liar.request");
    assert!(
        report
            .text
            .contains("another identifier than the request says"),
        "{}",
        report.text
    );
    // The table of the counter says whom it has before it.
    governed.write(
        "members.csv",
        format!(
            "申请文件,统一社会信用代码\nmember.request,{own}\nmember.request,91440000MA0000002X\n"
        )
        .as_bytes(),
    );
    let report = governed.told("member admit --key @r-gd.json --csv @members.csv");
    assert!(
        row(&report.text, 2).ends_with("admitted before"),
        "{}",
        report.text
    );
    assert!(
        row(&report.text, 3).contains("1001 the table says"),
        "{}",
        report.text
    );
    let report = governed.told("member list --csv @members.csv");
    assert!(row(&report.text, 2).contains("active"), "{}", report.text);
}

#[test]
fn rights_only_narrow_below() {
    let governed = Governed::start();
    let key = hefu_wire::KeyFile::new(
        hefu_wire::file::KeyRole::Registrar,
        "r-sub",
        SUITE,
        SUITE.hash(&[b"r-sub"]).0,
    );
    governed.write_json("r-sub.json", &key);
    governed.change(key::registrar(SUITE, "r-gd"), |leaf: &mut RegistrarLeaf| {
        leaf.rights = vec![RegistrarRight {
            document_type: None,
            issuer_prefixes: vec!["1244".into()],
        }];
    });
    governed.told("registrar request --id r-sub --name Health --region guangdong --type licence --issuer-prefix 12 --members --key @r-sub.json --out @wide.request");
    let report = governed.told("registrar admit --key @r-gd.json @wide.request");
    assert!(
        report
            .text
            .contains("no right to licence of the issuers 12..."),
        "{}",
        report.text
    );
    governed.told("registrar request --id r-sub --name Health --region guangdong --type licence --issuer-prefix 1244 --key @r-sub.json --out @sub.request");
    let report = governed.told("registrar admit --key @r-gd.json @sub.request");
    assert_eq!(report.exit, Exit::Yes, "{}", report.text);
    // The one below grants what it has, of what it got.
    governed.agency_request("h-1", &code(1), "licence");
    governed.agency_request("h-2", &code(2), "invoice");
    let report = governed.told("agency admit --key @r-sub.json @h-1.request @h-2.request");
    assert!(
        report.text.contains("h-1  Hospital-h-1  admitted"),
        "{}",
        report.text
    );
    assert!(
        report
            .text
            .contains("the registrar r-sub may not entitle anybody to invoice"),
        "{}",
        report.text
    );
    // Its members right was not asked for.
    let report = governed.told("registrar change --key @r-gd.json r-sub --members true");
    assert_eq!(report.exit, Exit::Yes, "{}", report.text);
    let leaf: RegistrarLeaf = governed
        .node()
        .leaf(&key::registrar(SUITE, "r-sub"))
        .expect("there");
    assert!(leaf.admits_members && leaf.rights[0].issuer_prefixes == ["1244"]);
    // And who is above is not changed from below.
    let report = governed.told("registrar change --key @r-sub.json r-gd --name Mine");
    assert!(
        report.text.contains("r-gd was admitted by the council"),
        "{}",
        report.text
    );
}

#[test]
fn an_agency_is_changed_and_suspended() {
    let governed = Governed::start();
    let report = governed.told("agency change --key @r-gd.json gd-tax --contact counter-2 --add-type licence --issuer-prefix 1399 --legal-basis list-9 --dry-run");
    assert!(
        report.text.contains("counter 1 -> counter-2"),
        "{}",
        report.text
    );
    assert!(
        report.text.contains("issues licence of 1399... (list-9)"),
        "{}",
        report.text
    );
    assert!(governed.node().came.is_empty());
    let report = governed.told("agency change --key @r-gd.json gd-tax --contact counter-2");
    assert_eq!(report.json["outcome"], "done", "{}", report.text);
    let report = governed.told("agency suspend --key @r-gd.json gd-tax --reason audit-7");
    assert!(report.text.contains("gd-tax  suspended"), "{}", report.text);
    let report = governed.told("agency show gd-tax nobody");
    assert_eq!(report.exit, Exit::No);
    assert!(
        report.text.contains("counter-2") && report.text.contains("suspended"),
        "{}",
        report.text
    );
    assert!(
        report.text.contains("nobody: not admitted"),
        "{}",
        report.text
    );
    governed.node().refuses = Box::new(|_| Some(Code::HasRetired));
    let report = governed.told("agency resume --key @r-gd.json gd-tax --reason again");
    assert_eq!(report.exit, Exit::No);
    assert!(
        report.text.contains("3023 It has retired for good"),
        "{}",
        report.text
    );
}
