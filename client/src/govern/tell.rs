//! What an action does, in sentences that a seat of the council can decide on.

use crate::admit::tell::{holder, last_day, right, role, row, standing, yes};
use crate::say::{shown, table, Lang};
use hefu_types::genesis::Network;
use hefu_types::leaf::{Kind, TypeRules};
use hefu_types::operation::{CouncilAction, CouncilChange, SetRegistrar};
use hefu_types::{Millis, Suite};

/// All of an action.
pub fn action(action: &CouncilAction, network: &Network, lang: Lang) -> String {
    let rows = vec![
        row(lang, "network", "网络", network.origin()),
        row(lang, "action", "决议", action.id.to_string()),
        // Seats compare it by another way than the file came.
        row(
            lang,
            "digest",
            "摘要",
            network.suite().hash(&[&action.encode()]).to_string(),
        ),
        row(lang, "reason", "事由", &action.reason),
        row(
            lang,
            "council's epoch",
            "届次",
            action.council_epoch.to_string(),
        ),
        row(
            lang,
            "to be done before",
            "执行期限",
            action.valid_before.to_string(),
        ),
    ];
    let mut text = table(&rows);
    for (index, change) in action.changes.iter().enumerate() {
        let mut lines = change_lines(change, network.suite(), lang).into_iter();
        let first = lines.next().unwrap_or_default();
        text.push_str(&format!("  {}. {first}\n", index + 1));
        for line in lines {
            text.push_str(&format!("     {line}\n"));
        }
    }
    text
}

/// A change: a sentence, then its particulars.
pub fn change_lines(change: &CouncilChange, suite: Suite, lang: Lang) -> Vec<String> {
    match change {
        CouncilChange::SetType(rules) => type_lines(rules, lang),
        CouncilChange::SetRegion(region) => {
            let (id, zh, en) = (shown(&region.id), shown(&region.name_zh), shown(&region.name_en));
            vec![match lang {
                Lang::En => format!("Adds or renames the region {id}: {zh}, {en}"),
                Lang::Zh => format!("新增或更名地区 {id}：{zh}，{en}"),
            }]
        }
        CouncilChange::SetRegistrar(set) => registrar_lines(set, suite, lang),
        CouncilChange::SetStanding(set) => {
            let (of, word) = (holder(&set.of, lang), standing(set.standing, lang));
            let reason = shown(&set.reason);
            vec![match lang {
                Lang::En => format!("From now on {of} is {word} ({reason})"),
                Lang::Zh => format!("{of} 自执行起：{word}（{reason}）"),
            }]
        }
        CouncilChange::AddKey(add) => {
            let (of, id) = (holder(&add.holder, lang), suite.key_id(&add.key.key));
            let (role, until) = (role(add.role, lang), last_day(add.valid_before, lang));
            let from = add.valid_from.map(|from| from.to_string());
            vec![match lang {
                Lang::En => format!(
                    "Gives {of} the key {id} ({role}), from {} until {until}",
                    from.unwrap_or_else(|| "at once".to_owned())
                ),
                Lang::Zh => format!(
                    "为 {of} 增加密钥 {id}（{role}），自 {} 起，有效期至 {until}",
                    from.unwrap_or_else(|| "执行时".to_owned())
                ),
            }]
        }
        CouncilChange::RetireKey(retire) => vec![match lang {
            Lang::En => format!("Retires the key {}: it signs no more", retire.key),
            Lang::Zh => format!("停用密钥 {}：不得再签名", retire.key),
        }],
        CouncilChange::DeclareCompromise(declare) => {
            let (key, since, reason) = (declare.key, declare.since, shown(&declare.reason));
            vec![match lang {
                Lang::En => format!(
                    "Declares that somebody else has the key {key}: what it signed since {since} is doubtful ({reason})"
                ),
                Lang::Zh => format!("声明密钥 {key} 已泄露：自 {since} 起其签署内容存疑（{reason}）"),
            }]
        }
        CouncilChange::SetValidators(set) => {
            let mut lines = vec![lang
                .pick("Writes the next set of validators", "写入下一届验证者集合")
                .to_owned()];
            for name in &set.remove {
                lines.push(format!("{} {}", lang.pick("leaves:", "离开："), shown(name)));
            }
            for new in &set.add {
                let (of, at) = (&new.validator, &new.addresses);
                lines.push(format!(
                    "{} {} ({}), {} {}, {} {}",
                    lang.pick("comes:", "加入："),
                    shown(&of.name),
                    shown(&of.region),
                    lang.pick("engine", "共识地址"),
                    shown(&at.engine),
                    lang.pick("gossip", "传播地址"),
                    shown(&at.gossip)
                ));
                let keys = [
                    ("consensus", &of.consensus),
                    ("checkpoint", &of.checkpoint),
                    ("log", &of.log),
                    ("peer", &of.peer),
                ];
                lines.extend(keys.map(|(role, key)| format!("  {role} {}", suite.key_id(&key.key))));
            }
            lines
        }
        CouncilChange::ActivateRules(rules) => vec![match lang {
            Lang::En => format!(
                "Activates version {} of the rules at height {}: nodes that do not know it stop before that height",
                rules.version, rules.height
            ),
            Lang::Zh => format!(
                "自高度 {} 起启用规则版本 {}：不支持该版本的节点将在此高度前停止",
                rules.height, rules.version
            ),
        }],
        CouncilChange::SetParameters(parameters) => vec![match lang {
            Lang::En => format!(
                "An idle network rests {} ms between two blocks",
                parameters.heartbeat_ms
            ),
            Lang::Zh => format!("空闲时出块间隔为 {} 毫秒", parameters.heartbeat_ms),
        }],
        CouncilChange::SetCouncil(set) => {
            let (threshold, seats) = (set.threshold, set.seats.len());
            let mut lines = vec![match lang {
                Lang::En => format!(
                    "Gives the council other seats: {seats}, of which {threshold} must sign; what others signed and did \
                     not bring is void"
                ),
                Lang::Zh => format!(
                    "更换理事会席位：共 {seats} 个，须 {threshold} 个签名；尚未提交的其他决议作废"
                ),
            }];
            let seat = |seat: &hefu_types::genesis::Seat| {
                format!("{} {}", shown(&seat.name), suite.key_id(&seat.key.key))
            };
            lines.extend(set.seats.iter().map(seat));
            lines
        }
    }
}

fn registrar_lines(set: &SetRegistrar, suite: Suite, lang: Lang) -> Vec<String> {
    let (id, name, region) = (shown(&set.id), shown(&set.name), shown(&set.region));
    let mut lines = vec![match (lang, set.key.is_some()) {
        (Lang::En, true) => format!("Admits the registrar {id} of {region}: {name}"),
        (Lang::En, false) => format!("Changes the registrar {id} of {region}: {name}"),
        (Lang::Zh, true) => format!("准入 {region} 的登记机构 {id}：{name}"),
        (Lang::Zh, false) => format!("变更 {region} 的登记机构 {id}：{name}"),
    }];
    let may = lang.pick("may entitle to:", "可授予：");
    lines.extend(
        set.rights
            .iter()
            .map(|of| format!("{may} {}", right(of, lang))),
    );
    let members = lang.pick("admits members:", "可准入成员：");
    lines.push(format!("{members} {}", yes(set.admits_members, lang)));
    if let Some(key) = &set.key {
        lines.push(format!(
            "{} {}",
            lang.pick("key:", "密钥："),
            suite.key_id(&key.key)
        ));
    }
    lines
}

/// Every rule of a type: a seat signs all of them.
fn type_lines(rules: &TypeRules, lang: Lang) -> Vec<String> {
    let kind = match rules.kind {
        Kind::Invoice => lang.pick("invoice", "票据"),
        Kind::Licence => lang.pick("licence", "证照"),
    };
    let (id, zh, en) = (
        shown(&rules.id),
        shown(&rules.name_zh),
        shown(&rules.name_en),
    );
    let mut lines = vec![match lang {
        Lang::En => format!("Adds or changes the document type {id} ({kind}): {zh}, {en}"),
        Lang::Zh => format!("新增或变更文档类型 {id}（{kind}）：{zh}，{en}"),
    }];
    let mut add = |en: &str, zh: &str, value: String| {
        lines.push(format!("{} {value}", lang.pick(en, zh)));
    };
    add(
        "numbers by the profile:",
        "编号规则：",
        shown(&rules.profile),
    );
    add(
        "zone of its dates, minutes ahead of UTC:",
        "时区（较 UTC 提前分钟数）：",
        rules.zone_minutes.to_string(),
    );
    add(
        "to be cancelled within:",
        "作废时限：",
        hours(rules.cancel_window_ms, lang),
    );
    add(
        "to be corrected within:",
        "更正时限：",
        hours(rules.correct_window_ms, lang),
    );
    add(
        "to agree to a reversal within:",
        "红冲确认时限：",
        hours(rules.consent_ms, lang),
    );
    let offline = match rules.offline_ms {
        0 => lang.pick("not allowed", "不允许").to_owned(),
        ms => hours(ms, lang),
    };
    add(
        "issued without a connection, registered within:",
        "离线开具补登时限：",
        offline,
    );
    let flags = [
        (
            "the first member may use it:",
            "首个成员可使用：",
            rules.first_member,
        ),
        (
            "a unit proposes, another agency confirms:",
            "两方签发：",
            rules.two_party,
        ),
        ("numbers come out of ranges:", "使用号段：", rules.ranges),
        (
            "uses of unregistered documents are recorded:",
            "可记录未登记文档的使用：",
            rules.unattested,
        ),
    ];
    for (en, zh, is) in flags {
        add(en, zh, yes(is, lang).to_owned());
    }
    for purpose in &rules.purposes {
        let parts = lang.pick(", in parts", "，可分割");
        let named = lang.pick(", names the member", "，告知使用成员");
        add(
            "purpose:",
            "用途：",
            format!(
                "{}, {} {}{}{}",
                shown(&purpose.name),
                lang.pick("locked for at most", "锁定至多"),
                hours(purpose.lock_ms_max, lang),
                if purpose.divisible { parts } else { "" },
                if purpose.names_member { named } else { "" }
            ),
        );
    }
    for set in &rules.exclusions {
        let names: Vec<String> = set.iter().map(|name| shown(name)).collect();
        add("one excludes the others:", "互斥用途：", names.join(", "));
    }
    for fact in &rules.facts {
        let open = if fact.open {
            lang.pick("open", "公开")
        } else {
            lang.pick("sealed", "不公开")
        };
        let (name, zh, en) = (
            shown(&fact.name),
            shown(&fact.name_zh),
            shown(&fact.name_en),
        );
        add("fact:", "要素：", format!("{name} ({zh}, {en}), {open}"));
    }
    let lending = match rules.lending {
        None => lang.pick("none", "不出具").to_owned(),
        Some(lending) => format!(
            "{} {}{}",
            lang.pick("for at most", "至多"),
            hours(lending.ms_max, lang),
            if lending.consent {
                lang.pick(", with the holder's consent", "，须持有者同意")
            } else {
                ""
            }
        ),
    };
    add("lending copies:", "加注件：", lending);
    lines
}

/// A time in hours where it is whole ones, else in milliseconds.
fn hours(milliseconds: u64, lang: Lang) -> String {
    if milliseconds.is_multiple_of(Millis::HOUR) {
        format!("{} {}", milliseconds / Millis::HOUR, lang.pick("h", "小时"))
    } else {
        format!("{milliseconds} {}", lang.pick("ms", "毫秒"))
    }
}
