//! From leaves to lines: which columns a part has, and what of a leaf stands in them.

use super::table::{Cell, Column, Row, Table};
use super::{holder_words, Entry, Part};
use hefu_types::leaf::{
    AgencyLeaf, Condition, FactField, KeyLeaf, KeyRole, Kind, Part as Does, RecognitionRule,
    RegistrarLeaf, SetLeaf, Standing, TypeRules,
};
use hefu_types::{Millis, StateKey, Suite};

macro_rules! columns {
    ($($key:literal $en:literal $zh:literal,)*) => {
        &[$(Column { key: $key, en: $en, zh: $zh },)*]
    };
}

const TYPES: &[Column] = columns![
    "id" "type" "类型",
    "kind" "kind" "类别",
    "name_zh" "name (Chinese)" "中文名称",
    "name_en" "name (English)" "英文名称",
    "profile" "profile of numbers" "编号规则",
    "zone" "zone of dates" "日期时区",
    "purposes" "purposes" "用途",
    "lends" "copies are lent for at most" "副本最长期限",
    "consent" "the holder consents to copies" "副本须持证人同意",
    "two_party" "issued by two" "双方签发",
    "ranges" "numbers out of ranges" "号段管理",
    "cancel_window" "cancelled within" "作废时限",
    "correct_window" "corrected within" "更正时限",
];

const FACTS: &[Column] = columns![
    "type" "type" "类型",
    "name" "fact" "要素",
    "name_zh" "name (Chinese)" "中文名称",
    "name_en" "name (English)" "英文名称",
    "shown" "shown" "公开方式",
];

const REGIONS: &[Column] = columns![
    "id" "region" "地区",
    "name_zh" "name (Chinese)" "中文名称",
    "name_en" "name (English)" "英文名称",
];

const REGISTRARS: &[Column] = columns![
    "id" "registrar" "登记机构",
    "name" "name" "名称",
    "region" "region" "地区",
    "standing" "standing" "状态",
    "parent" "admitted by" "上级",
    "admits_members" "admits members" "可准入用户",
    "rights" "may entitle to" "可授权范围",
];

const AGENCIES: &[Column] = columns![
    "id" "agency" "机构",
    "name" "name" "名称",
    "region" "region" "地区",
    "standing" "standing" "状态",
    "contact" "contact" "联系方式",
    "identifier" "identifier" "统一社会信用代码",
    "registrar" "admitted by" "准入登记机构",
    "types" "types" "文档类型",
];

const ENTITLEMENTS: &[Column] = columns![
    "agency" "agency" "机构",
    "agency_name" "name" "名称",
    "standing" "standing" "状态",
    "type" "type" "文档类型",
    "region" "region" "地区",
    "part" "does" "职责",
    "issuer_prefixes" "issuers that begin with" "开具方前缀",
    "legal_basis" "legal basis" "法律依据",
];

const RECOGNITION: &[Column] = columns![
    "by" "region that recognises" "认可地区",
    "type" "type" "文档类型",
    "of" "issued in" "签发地区",
    "answer" "answer" "结论",
    "from" "from" "生效时间",
    "until" "before" "失效时间",
    "conditions" "conditions" "条件",
    "citation" "citation" "依据",
    "text" "wording" "条文",
];

const COUNCIL: &[Column] = columns![
    "seat" "seat" "席位",
    "threshold" "signatures needed" "所需签名数",
    "key" "key" "公钥",
];

const RULES: &[Column] = columns![
    "name" "what" "项目",
    "value" "value" "值",
];

const VALIDATORS: &[Column] = columns![
    "epoch" "epoch" "任期",
    "set" "set" "节点组",
    "name" "validator" "验证节点",
    "region" "region" "地区",
    "consensus_key" "consensus key" "共识公钥",
    "checkpoint_key" "checkpoint key" "检查点公钥",
    "log_key" "log key" "日志公钥",
    "peer_key" "peer key" "通信公钥",
    "engine" "engine address" "引擎地址",
    "gossip" "gossip address" "传播地址",
];

const KEYS: &[Column] = columns![
    "holder" "holder" "持有者",
    "key_id" "key id" "密钥标识",
    "role" "role" "用途",
    "valid_from" "valid from" "有效期起",
    "valid_before" "valid before" "有效期止",
    "retired_at" "retired at" "停用时间",
    "compromised_since" "compromised since" "泄露起始时间",
    "confirmed_at" "last confirmed" "最近确认",
    "key" "key" "公钥",
];

/// The lines of a part out of leaves, in the order of what people call them. Leaves of other parts are
/// passed over; types among them give facts in conditions their names.
pub fn table<'a>(
    suite: Suite,
    part: Part,
    leaves: impl IntoIterator<Item = (&'a StateKey, &'a Entry)> + Clone,
) -> Table {
    let mut rows = Vec::new();
    let mut put = |leaf: &StateKey, cells: Vec<Cell>| rows.push(Row { leaf: *leaf, cells });
    let all = leaves.clone();
    let fact = |of: &str, name: &str| {
        let types = all
            .clone()
            .into_iter()
            .filter_map(|(_, entry)| match entry {
                Entry::Type(leaf) if leaf.rules.id == of => Some(&leaf.rules),
                _ => None,
            });
        types
            .flat_map(|rules| &rules.facts)
            .find(|fact| fact.name == name)
    };
    let current = leaves
        .clone()
        .into_iter()
        .find_map(|(_, entry)| match entry {
            Entry::SetCurrent(current) => Some(current.epoch),
            _ => None,
        });
    for (leaf, entry) in leaves {
        match (part, entry) {
            (Part::Types, Entry::Type(of)) => put(leaf, of_type(&of.rules)),
            (Part::Facts, Entry::Type(of)) => {
                for fact in &of.rules.facts {
                    put(leaf, of_fact(&of.rules.id, fact));
                }
            }
            (Part::Regions, Entry::Region(of)) => {
                let region = &of.region;
                let cells = [&region.id, &region.name_zh, &region.name_en];
                put(leaf, cells.map(|text| Cell::Text(text.clone())).to_vec());
            }
            (Part::Registrars, Entry::Registrar(of)) => put(leaf, of_registrar(of)),
            (Part::Agencies, Entry::Agency(of)) => put(leaf, of_agency(of)),
            (Part::Entitlements, Entry::Agency(of)) => {
                for cells in of_entitlements(of) {
                    put(leaf, cells);
                }
            }
            (Part::Recognition, Entry::Recognition(of)) => {
                put(
                    leaf,
                    of_rule(&of.rule, |name| fact(&of.rule.document_type, name)),
                );
            }
            (Part::Council, Entry::Council(of)) => {
                for seat in &of.seats {
                    let key = Cell::Text(seat.key.to_string());
                    let threshold = Cell::Count(of.threshold.into());
                    put(leaf, vec![Cell::Text(seat.name.clone()), threshold, key]);
                }
            }
            (Part::Rules, Entry::Rules(of)) => {
                let next = of.next;
                let version = Some(u64::from(of.version));
                put(leaf, setting(RULES_VERSION, version));
                put(
                    leaf,
                    setting(NEXT_VERSION, next.map(|(version, _)| version.into())),
                );
                put(leaf, setting(NEXT_HEIGHT, next.map(|(_, height)| height)));
            }
            (Part::Rules, Entry::Parameters(of)) => {
                put(leaf, setting(HEARTBEAT, Some(of.parameters.heartbeat_ms)));
            }
            (Part::Validators, Entry::Set(of)) => {
                for cells in of_set(of, current) {
                    put(leaf, cells);
                }
            }
            (Part::Keys, Entry::Key(of)) => put(leaf, of_key(suite, of)),
            _ => {}
        }
    }
    // A set stands in the order of its members, and everything else by its names.
    if part != Part::Validators && part != Part::Council {
        rows.sort_by_cached_key(|row| row.cells.iter().map(sorted_by).collect::<Vec<_>>());
    }
    Table {
        part,
        columns: columns(part),
        rows,
    }
}

fn sorted_by(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Word { id, .. } => (*id).to_owned(),
        _ => String::new(),
    }
}

const fn columns(part: Part) -> &'static [Column] {
    match part {
        Part::Types => TYPES,
        Part::Facts => FACTS,
        Part::Regions => REGIONS,
        Part::Registrars => REGISTRARS,
        Part::Agencies => AGENCIES,
        Part::Entitlements => ENTITLEMENTS,
        Part::Recognition => RECOGNITION,
        Part::Council => COUNCIL,
        Part::Rules => RULES,
        Part::Validators => VALIDATORS,
        Part::Keys => KEYS,
    }
}

const fn word(id: &'static str, en: &'static str, zh: &'static str) -> Cell {
    Cell::Word { id, en, zh }
}

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

fn standing(of: Standing) -> Cell {
    word(of.name(), of.name(), of.name_zh())
}

/// A zone as people write it, such as `UTC+08:00`.
fn zone(minutes: i16) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.unsigned_abs();
    format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

fn of_type(rules: &TypeRules) -> Vec<Cell> {
    let kind = match rules.kind {
        Kind::Invoice => word("invoice", "invoice", "发票"),
        Kind::Licence => word("licence", "licence", "证照"),
    };
    let purposes = rules.purposes.iter().map(|purpose| text(&purpose.name));
    let lending = rules.lending;
    vec![
        text(&rules.id),
        kind,
        text(&rules.name_zh),
        text(&rules.name_en),
        text(&rules.profile),
        Cell::Text(zone(rules.zone_minutes)),
        Cell::List(purposes.collect()),
        lending.map_or(Cell::Nothing, |lending| Cell::Span(lending.ms_max)),
        lending.map_or(Cell::Nothing, |lending| Cell::Flag(lending.consent)),
        Cell::Flag(rules.two_party),
        Cell::Flag(rules.ranges),
        Cell::Span(rules.cancel_window_ms),
        Cell::Span(rules.correct_window_ms),
    ]
}

fn of_fact(document_type: &str, fact: &FactField) -> Vec<Cell> {
    let shown = if fact.open {
        word("open", "to everybody", "公开")
    } else {
        word("sealed", "by receipt", "凭回执出示")
    };
    vec![
        text(document_type),
        text(&fact.name),
        text(&fact.name_zh),
        text(&fact.name_en),
        shown,
    ]
}

/// Prefixes of legal issuers; the empty one means all.
fn prefixes(prefixes: &[String]) -> Cell {
    let prefix = |prefix: &String| match prefix.as_str() {
        "" => word("", "all", "全部"),
        other => text(other),
    };
    Cell::List(prefixes.iter().map(prefix).collect())
}

fn of_registrar(of: &RegistrarLeaf) -> Vec<Cell> {
    let right = |right: &hefu_types::leaf::RegistrarRight| {
        let of_type = match &right.document_type {
            Some(document_type) => text(document_type),
            None => word("*", "every type", "全部类型"),
        };
        Cell::List(vec![of_type, prefixes(&right.issuer_prefixes)])
    };
    vec![
        text(&of.id),
        text(&of.name),
        text(&of.region),
        standing(of.standing),
        match &of.parent {
            Some(parent) => text(parent),
            None => word("council", "the council", "理事会"),
        },
        Cell::Flag(of.admits_members),
        Cell::List(of.rights.iter().map(right).collect()),
    ]
}

fn of_agency(of: &AgencyLeaf) -> Vec<Cell> {
    let mut types: Vec<&str> = (of.entitlements.iter())
        .map(|entitlement| entitlement.document_type.as_str())
        .collect();
    types.sort_unstable();
    types.dedup();
    vec![
        text(&of.id),
        text(&of.name),
        text(&of.region),
        standing(of.standing),
        text(&of.contact),
        Cell::maybe(of.identifier.as_deref()),
        match &of.registrar {
            Some(registrar) => text(registrar),
            None => word("genesis", "genesis", "创世配置"),
        },
        Cell::List(types.into_iter().map(text).collect()),
    ]
}

fn of_entitlements(of: &AgencyLeaf) -> impl Iterator<Item = Vec<Cell>> + '_ {
    of.entitlements.iter().map(|entitlement| {
        vec![
            text(&of.id),
            text(&of.name),
            standing(of.standing),
            text(&entitlement.document_type),
            text(&entitlement.region),
            match entitlement.part {
                Does::Issue => word("issue", "issues", "签发"),
                Does::Supervise => word("supervise", "supervises", "监管确认"),
            },
            prefixes(&entitlement.issuer_prefixes),
            text(&entitlement.legal_basis),
        ]
    })
}

fn of_rule<'a>(rule: &RecognitionRule, fact: impl Fn(&str) -> Option<&'a FactField>) -> Vec<Cell> {
    let answer = match (rule.recognised, rule.conditions.is_empty()) {
        (false, _) => word("not-recognised", "not recognised", "不予认可"),
        (true, true) => word("recognised", "recognised", "认可"),
        (true, false) => word("conditional", "recognised on conditions", "附条件认可"),
    };
    let condition = |condition: &Condition| {
        let name = match condition {
            Condition::Fact { name, .. } => name.as_str(),
            Condition::RegisteredFrom(_) => "",
        };
        let named = fact(name);
        Cell::Condition {
            condition: condition.clone(),
            en: named.map_or(name, |fact| &fact.name_en).to_owned(),
            zh: named.map_or(name, |fact| &fact.name_zh).to_owned(),
        }
    };
    vec![
        text(&rule.by),
        text(&rule.document_type),
        text(&rule.of),
        answer,
        Cell::Time(rule.from),
        rule.until.map_or(Cell::Nothing, Cell::Time),
        Cell::List(rule.conditions.iter().map(condition).collect()),
        text(&rule.citation),
        Cell::maybe(Some(rule.text.as_str()).filter(|text| !text.is_empty())),
    ]
}

const RULES_VERSION: Cell = word("rules_version", "version of the rules", "规则版本");
const NEXT_VERSION: Cell = word("next_version", "next version", "下一版本");
const NEXT_HEIGHT: Cell = word("next_height", "in force from height", "生效高度");
const HEARTBEAT: Cell = word("heartbeat_ms", "heartbeat in ms", "心跳（毫秒）");

fn setting(name: Cell, value: Option<u64>) -> Vec<Cell> {
    vec![name, value.map_or(Cell::Nothing, Cell::Count)]
}

fn of_set(of: &SetLeaf, current: Option<u64>) -> impl Iterator<Item = Vec<Cell>> + '_ {
    let set = match current {
        Some(current) if current == of.epoch => word("in-force", "in force", "在任"),
        Some(current) if current < of.epoch => word("waiting", "waiting", "待接任"),
        Some(_) => word("past", "past", "已卸任"),
        None => Cell::Nothing,
    };
    of.validators.iter().map(move |validator| {
        let address = validator.addresses.as_ref();
        vec![
            Cell::Count(of.epoch),
            set.clone(),
            text(&validator.name),
            text(&validator.region),
            Cell::Text(validator.consensus_key.to_string()),
            Cell::Text(validator.checkpoint_key.to_string()),
            Cell::Text(validator.log_key.to_string()),
            Cell::Text(validator.peer_key.to_string()),
            Cell::maybe(address.map(|at| at.engine.as_str())),
            Cell::maybe(address.map(|at| at.gossip.as_str())),
        ]
    })
}

fn of_key(suite: Suite, of: &KeyLeaf) -> Vec<Cell> {
    let time = |time: Option<Millis>| time.map_or(Cell::Nothing, Cell::Time);
    vec![
        Cell::Text(holder_words(&of.holder)),
        Cell::Text(suite.key_id(&of.key).to_string()),
        match of.role {
            KeyRole::Operational => word("operational", "operational", "业务"),
            KeyRole::Management => word("management", "management", "管理"),
        },
        Cell::Time(of.valid_from),
        // Keys of genesis that have no end.
        time(Some(of.valid_before).filter(|end| end.0 < u64::MAX)),
        time(of.retired_at),
        time(of.compromised_since),
        time(of.confirmed_at),
        Cell::Text(of.key.to_string()),
    ]
}
