use super::condition;
use crate::say::Exit;
use crate::testing::{Governed, SUITE};
use crate::times::time;
use hefu_types::key;
use hefu_types::leaf::{Condition, RecognitionLeaf, RegistrarLeaf};

#[test]
fn a_condition_is_typed_as_fact_and_values() {
    let fact = |name: &str, any_of: &[&str]| Condition::Fact {
        name: name.into(),
        any_of: any_of.iter().map(|value| (*value).to_owned()).collect(),
    };
    assert_eq!(
        condition("grade=1|2").ok(),
        Some(fact("grade", &["1", "2"]))
    );
    assert_eq!(condition("等级 = 一级").ok(), Some(fact("等级", &["一级"])));
    for bad in ["grade", "=1", "grade="] {
        assert!(condition(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_rule_is_stated_with_its_days_conditions_and_wording() {
    let governed = Governed::start();
    governed.write("article.txt", "\u{feff}第三条\r\n双方互认。\r\n".as_bytes());
    let report = governed.told(
        "recognise --key @r-gd.json --region guangdong --of zhejiang --type licence --citation agreement-3 \
         --text-file @article.txt --condition grade=1|2 --registered-from 2026-01-01 --from 2026-12-01 \
         --until 2028-11-30",
    );
    assert_eq!(report.exit, Exit::Yes, "{}", report.text);
    let expected = "  rule              guangdong recognises licence of zhejiang
  citation          agreement-3
  from              2026-12-01
  until, inclusive  2028-11-30
  condition         grade = 1 or 2
  condition         registered from 2026-01-01
  note: grade is not in the dictionary of licence: only a receipt that shows it meets this condition
recognise: done
";
    assert_eq!(report.text, expected);
    let at = key::recognition(SUITE, "guangdong", "licence", "zhejiang");
    let rule = governed
        .node()
        .leaf::<RecognitionLeaf>(&at)
        .expect("there")
        .rule;
    assert_eq!(rule.text, "第三条\n双方互认。");
    assert_eq!(
        rule.from,
        time("2026-12-01T00:00:00+08:00").expect("a time")
    );
    // Until the end of that day.
    assert_eq!(rule.until, time("2028-12-01T00:00:00+08:00").ok());

    let report = governed.told(
        "recognise --key @r-gd.json --region guangdong --of zhejiang --type licence --not --citation notice-5",
    );
    assert!(
        report.text.contains("does not recognise"),
        "{}",
        report.text
    );
    assert!(
        report.text.contains("instead of  agreement-3"),
        "{}",
        report.text
    );
}

#[test]
fn who_may_not_state_it_is_told_before() {
    let governed = Governed::start();
    let refused = |typed: &str, code: &str| {
        let report = governed.told(&format!("recognise --key @r-gd.json --citation c {typed}"));
        assert_eq!(report.exit, Exit::No);
        assert!(report.text.contains(code), "{typed}: {}", report.text);
    };
    refused("--region zhejiang --of guangdong --type licence", "3013");
    refused("--region guangdong --of zhejiang --type dream", "1003");
    refused("--region guangdong --of mars --type licence", "3021");
    let itself = governed.fails(
        "recognise --key @r-gd.json --citation c --region guangdong --of guangdong --type licence",
    );
    assert!(itself.contains("need not recognise itself"), "{itself}");
    governed.change(key::registrar(SUITE, "r-gd"), |leaf: &mut RegistrarLeaf| {
        leaf.parent = Some("r-gd-2".into());
    });
    let mut above: RegistrarLeaf = governed
        .node()
        .leaf(&key::registrar(SUITE, "r-gd"))
        .expect("there");
    (above.id, above.parent) = ("r-gd-2".into(), None);
    governed
        .node()
        .world
        .put(key::registrar(SUITE, "r-gd-2"), &above);
    refused(
        "--region guangdong --of zhejiang --type licence",
        "stands below r-gd-2",
    );
    assert!(governed.node().came.is_empty());
}
