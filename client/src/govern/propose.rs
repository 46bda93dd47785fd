//! A decision becomes an action: its changes are checked as far as the ledger would, and get a random
//! id, the epoch of the council in office, and an end.

use super::council::Sitting;
use super::file;
use super::tell;
use crate::admit::applicants::read_json;
use crate::admit::request::{self, is_proven, write_json_new};
use crate::cli::govern::{Proposal, Propose, StandingArg, What};
use crate::cli::{Shared, Who};
use crate::failure::Failure;
use crate::keyring;
use crate::leaves::Leaves;
use crate::nodes::Nodes;
use crate::say::{shown, table, Exit, Lang, Report};
use crate::times::time;
use hefu_types::genesis::{check_type, is_id, Council, GenesisValidator, Network, ProvenKey, Seat};
use hefu_types::key;
use hefu_types::leaf::{Parameters, SetCurrentLeaf, SetLeaf, Standing, TypeRules};
use hefu_types::operation::{
    CouncilAction, CouncilChange, CouncilSignature, Govern, NewValidator, Operation, SetCouncil,
    SetRegistrar, SetValidators, CHANGES_MAX, OPERATION_BYTES_MAX,
};
use hefu_types::{ActionId, KeyId, Millis, Signature};
use hefu_wire::action::{Draft, ReadableAction};
use hefu_wire::request::{Asks, HolderName};
use hefu_wire::{ActionFile, Change, Moment};
use serde_json::json;
use std::path::Path;

const DAY_MS: u64 = 24 * Millis::HOUR;

/// What is proposed, as it was typed.
struct Decided {
    changes: Vec<Change>,
    reason: Option<String>,
}

/// `hefu govern propose`.
pub fn run(shared: &Shared, args: &Propose) -> Result<Report, Failure> {
    let of_file = args.of_file();
    let (proposal, what) =
        match (&args.what, &of_file) {
            (Some(what), _) => (what.proposal(), Typed::What(what)),
            (None, Some((proposal, file))) => (proposal, Typed::File(file)),
            (None, None) => return Err(Failure::asked(
                "say what is proposed: a file of changes, or one of validators, rules, type, ...",
                "请给出所提决议：变更文件，或 validators、rules、type 等子命令",
            )),
        };
    file::new(&proposal.out)?;
    let (nodes, lang) = (shared.nodes(&proposal.network.network)?, shared.lang());
    let mut leaves = Leaves::read(&nodes, [], 0)?;
    let sitting = Sitting::read(&nodes, &mut leaves)?;
    let decided = what.changes(&nodes, &sitting)?;
    let reason = proposal.reason.clone().or(decided.reason).ok_or_else(|| {
        Failure::asked(
            "give --reason: the decision that is carried out, in words or as its number",
            "请给出 --reason：所执行决议的文号或说明",
        )
    })?;
    request::check_text("reason", &reason)?;
    let action = CouncilAction {
        id: ActionId(crate::random()),
        council_epoch: sitting.epoch,
        valid_before: crate::now().plus(u64::from(proposal.days) * DAY_MS),
        reason,
        changes: decided
            .changes
            .into_iter()
            .map(CouncilChange::from)
            .collect(),
    };
    check(&action, &nodes, &mut leaves, &sitting)?;
    let network = nodes.network();
    let file = ActionFile::new(network.digest(), action.clone());
    write_json_new(&proposal.out, &file)?;

    let mut text = tell::action(&action, network, lang);
    text.push_str(&table(&sitting.rows(lang)));
    text.push_str(&next_step(&proposal.out, lang));
    let report = Report {
        exit: Exit::Yes,
        json: json!({
            "command": "govern propose",
            "outcome": "done",
            "file": proposal.out,
            "action": ReadableAction::from(action),
            "council": sitting.json(network.suite()),
        }),
        text,
    };
    Ok(report.with_warnings(lang, &nodes.warnings()))
}

fn next_step(out: &Path, lang: Lang) -> String {
    let name = shown(&out.to_string_lossy());
    match lang {
        Lang::En => format!("The action is in {name}. Each seat looks at it and signs it: hefu govern sign {name} --network FILE --key SEAT\n"),
        Lang::Zh => format!("决议已写入 {name}。请各席位查看并签名：hefu govern sign {name} --network FILE --key SEAT\n"),
    }
}

enum Typed<'a> {
    File(&'a Path),
    What(&'a What),
}

impl What {
    fn proposal(&self) -> &Proposal {
        let (Self::Validators { proposal, .. }
        | Self::Rules { proposal, .. }
        | Self::Type { proposal, .. }
        | Self::Region { proposal, .. }
        | Self::Registrar { proposal, .. }
        | Self::Standing { proposal, .. }
        | Self::RetireKey { proposal, .. }
        | Self::AddKey { proposal, .. }
        | Self::Compromise { proposal, .. }
        | Self::Council { proposal, .. }
        | Self::Parameters { proposal, .. }) = self;
        proposal
    }

    fn reason(&self) -> Result<String, Failure> {
        self.proposal().reason.clone().ok_or_else(|| {
            Failure::asked(
                "give --reason: it stands on the ledger",
                "请给出 --reason：该事由将记入账本",
            )
        })
    }
}

impl From<StandingArg> for Standing {
    fn from(standing: StandingArg) -> Self {
        match standing {
            StandingArg::Active => Self::Active,
            StandingArg::Suspended => Self::Suspended,
            StandingArg::Retired => Self::Retired,
        }
    }
}

impl Who {
    /// Whoever was named.
    pub fn holder(&self) -> Option<HolderName> {
        let agency = self.agency.clone().map(HolderName::Agency);
        let member = || self.member.clone().map(HolderName::Member);
        let registrar = || self.registrar.clone().map(HolderName::Registrar);
        agency.or_else(member).or_else(registrar)
    }
}

impl Typed<'_> {
    fn changes(&self, nodes: &Nodes, sitting: &Sitting) -> Result<Decided, Failure> {
        let network = nodes.network();
        let what = match self {
            Self::File(path) => {
                let draft: Draft =
                    read_json(path, "a file of changes, see `hefu govern propose --help`")?;
                return Ok(Decided {
                    changes: draft.changes,
                    reason: draft.reason,
                });
            }
            Self::What(what) => what,
        };
        let one = |change| Ok(vec![change]);
        let changes: Result<Vec<Change>, Failure> = match what {
            What::Validators { add, remove, .. } => {
                let add = add
                    .iter()
                    .map(|path| read_json(path, "the request of a validator"));
                one(Change::Validators {
                    remove: remove.clone(),
                    add: add.collect::<Result<_, _>>()?,
                })
            }
            What::Rules {
                version, height, ..
            } => one(Change::Rules {
                version: *version,
                height: *height,
            }),
            What::Type { files, .. } => {
                let read = |path: &std::path::PathBuf| {
                    read_json::<TypeRules>(path, "a document type").map(Change::Type)
                };
                files.iter().map(read).collect()
            }
            What::Region { id, zh, en, .. } => one(Change::Region(hefu_types::genesis::Region {
                id: id.clone(),
                name_zh: zh.clone(),
                name_en: en.clone(),
            })),
            What::Registrar { requests, .. } => {
                let read = |path: &std::path::PathBuf| match request::read(path, network)? {
                    Asks::Registrar(set) => Ok(Change::Registrar(set)),
                    other => Err(request::other_kind(path, &other, "registrar")),
                };
                requests.iter().map(read).collect()
            }
            What::Standing { of, standing, .. } => {
                let of = of.holder().ok_or_else(|| {
                    Failure::asked(
                        "name whom: --agency, --member or --registrar",
                        "请指明对象：--agency、--member 或 --registrar",
                    )
                })?;
                one(Change::Standing {
                    of,
                    standing: (*standing).into(),
                    reason: what.reason()?,
                })
            }
            What::RetireKey { key, .. } => one(Change::RetireKey {
                key: keyring::named(key, network)?,
            }),
            What::AddKey {
                request, key_days, ..
            } => {
                let asked = match request::read(request, network)? {
                    Asks::Key(asked) => asked,
                    other => return Err(request::other_kind(request, &other, "key")),
                };
                let end = crate::now().plus(u64::from(*key_days) * DAY_MS);
                one(Change::AddKey {
                    holder: asked.holder,
                    key: asked.key,
                    role: asked.role,
                    valid_from: None,
                    valid_before: Moment(end),
                })
            }
            What::Compromise { since, key, .. } => one(Change::Compromise {
                key: keyring::named(key, network)?,
                since: Moment(time(since)?),
                reason: what.reason()?,
            }),
            What::Council {
                file: Some(path), ..
            } => {
                let council: Council = read_json(path, "a council")?;
                one(Change::Council {
                    threshold: council.threshold,
                    seats: council.seats,
                })
            }
            What::Council {
                add,
                remove,
                threshold,
                ..
            } => {
                let mut seats = sitting_seats(sitting, remove, network)?;
                for path in add {
                    match request::read(path, network)? {
                        Asks::Seat(seat) => seats.push(seat),
                        other => return Err(request::other_kind(path, &other, "seat")),
                    }
                }
                one(Change::Council {
                    threshold: threshold.unwrap_or(sitting.council.threshold),
                    seats,
                })
            }
            What::Parameters { heartbeat_ms, .. } => one(Change::Parameters(Parameters {
                heartbeat_ms: *heartbeat_ms,
            })),
        };
        Ok(Decided {
            changes: changes?,
            reason: None,
        })
    }
}

/// The seats that stay. Of one that keeps its key no proof is asked, so where genesis has none it is empty.
fn sitting_seats(
    sitting: &Sitting,
    remove: &[String],
    network: &Network,
) -> Result<Vec<Seat>, Failure> {
    let seats = &sitting.council.seats;
    if let Some(name) = remove
        .iter()
        .find(|name| !seats.iter().any(|seat| seat.name == **name))
    {
        return Err(Failure::asked(
            format!("the council has no seat {name}: look at it with `hefu govern list`"),
            format!("理事会没有席位 {name}：请用 hefu govern list 查看"),
        ));
    }
    let first = &network.genesis().council.seats;
    let proof = |key| {
        let known = first.iter().find(|seat| seat.key.key == key);
        known.map_or(Signature([0; 64]), |seat| seat.key.proof)
    };
    let stays = seats.iter().filter(|seat| !remove.contains(&seat.name));
    Ok(stays
        .map(|seat| Seat {
            name: seat.name.clone(),
            key: ProvenKey {
                key: seat.key,
                proof: proof(seat.key),
            },
        })
        .collect())
}

/// What can be told to be refused, before seats are asked to sign it.
fn check(
    action: &CouncilAction,
    nodes: &Nodes,
    leaves: &mut Leaves,
    sitting: &Sitting,
) -> Result<(), Failure> {
    let suite = nodes.network().suite();
    if !(1..=CHANGES_MAX).contains(&action.changes.len()) {
        return Err(Failure::asked(
            format!("an action has 1 to {CHANGES_MAX} changes: make several"),
            format!("一份决议须有 1 至 {CHANGES_MAX} 项变更：请分成几份"),
        ));
    }
    for change in &action.changes {
        check_change(change, nodes, leaves, sitting)?;
    }
    // All seats may sign: the operation has room for their signatures.
    let signature = CouncilSignature {
        key: suite.key_id(&sitting.council.seats[0].key),
        signature: Signature([0; 64]),
    };
    let whole = Operation::Govern(Govern {
        action: action.clone(),
        signatures: vec![signature; sitting.council.seats.len()],
    });
    let bytes = whole.encode().len();
    if bytes > OPERATION_BYTES_MAX {
        return Err(Failure::asked(
            format!("with all signatures the action has {bytes} bytes, and {OPERATION_BYTES_MAX} at most are taken: make several"),
            format!("含全部签名后该决议为 {bytes} 字节，超过上限 {OPERATION_BYTES_MAX}：请分成几份"),
        ));
    }
    Ok(())
}

fn refuse<T>(en: impl Into<String>, zh: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::asked(en, zh))
}

fn check_change(
    change: &CouncilChange,
    nodes: &Nodes,
    leaves: &mut Leaves,
    sitting: &Sitting,
) -> Result<(), Failure> {
    let network = nodes.network();
    match change {
        CouncilChange::SetType(rules) => check_type(rules).or_else(|why| {
            refuse(
                format!("the type cannot be: {why}"),
                format!("该类型不符合要求：{why}"),
            )
        }),
        CouncilChange::SetRegion(region) => {
            request::check_id(&region.id)?;
            request::check_text("zh", &region.name_zh)?;
            request::check_text("en", &region.name_en)
        }
        CouncilChange::SetRegistrar(set) => check_registrar(set, nodes, leaves),
        CouncilChange::SetStanding(set) => request::check_text("reason", &set.reason),
        CouncilChange::AddKey(add) => {
            let role = add.holder.possession_role(add.role);
            check_proof(network, role, add.holder.id(), &add.key)
        }
        CouncilChange::RetireKey(retire) => check_key(&retire.key, nodes, leaves),
        CouncilChange::DeclareCompromise(declare) => {
            request::check_text("reason", &declare.reason)?;
            check_key(&declare.key, nodes, leaves)
        }
        CouncilChange::SetValidators(set) => check_validators(set, nodes, leaves),
        CouncilChange::ActivateRules(rules) => {
            let height = leaves.height();
            if rules.height > height {
                return Ok(());
            }
            let asked = rules.height;
            refuse(
                format!("the network is at height {height}: activate the rules at a later one than {asked}"),
                format!("网络当前高度为 {height}：启用高度须大于该高度，而非 {asked}"),
            )
        }
        CouncilChange::SetParameters(parameters) if parameters.are_usable() => Ok(()),
        CouncilChange::SetParameters(_) => refuse(
            "heartbeat_ms must be 100 to 600000",
            "heartbeat_ms 须为 100 至 600000",
        ),
        CouncilChange::SetCouncil(set) => check_council(set, network, sitting),
    }
}

fn check_proof(
    network: &Network,
    role: &str,
    holder: &str,
    key: &ProvenKey,
) -> Result<(), Failure> {
    if is_proven(network, role, holder, key) {
        return Ok(());
    }
    let (role, holder) = (shown(role), shown(holder));
    refuse(
        format!("the proof of possession of the {role} key of {holder} does not hold on this network: let its holder make the request again with this network's file"),
        format!("{holder} 的 {role} 密钥持有证明对本网络无效：请持有者使用本网络文件重新生成申请"),
    )
}

fn check_key(id: &KeyId, nodes: &Nodes, leaves: &mut Leaves) -> Result<(), Failure> {
    leaves.read_more(nodes, [key::public_key(nodes.network().suite(), id)], 0)?;
    match leaves.key(id)? {
        Some(_) => Ok(()),
        None => refuse(
            format!("the key {id} is not on the ledger"),
            format!("密钥 {id} 不在账本上"),
        ),
    }
}

fn check_registrar(set: &SetRegistrar, nodes: &Nodes, leaves: &mut Leaves) -> Result<(), Failure> {
    let network = nodes.network();
    request::check_id(&set.id)?;
    request::check_text("name", &set.name)?;
    if let Some(key) = &set.key {
        check_proof(network, "registrar", &set.id, key)?;
    }
    let at = key::registrar(network.suite(), &set.id);
    leaves.read_more(nodes, [at], 0)?;
    match (leaves.registrar(&set.id)?, &set.key) {
        (Some(_), Some(_)) => refuse(
            format!(
                "the registrar {} is on the ledger: to change it, leave its key out",
                set.id
            ),
            format!("登记机构 {} 已在账本上：如需变更请勿附密钥", set.id),
        ),
        (None, None) => refuse(
            format!(
                "there is no registrar {}: a new one comes with its key",
                set.id
            ),
            format!("没有登记机构 {}：新登记机构须附密钥", set.id),
        ),
        _ => Ok(()),
    }
}

/// Names, and that less than a third leaves and less than a third is new.
fn check_validators(
    set: &SetValidators,
    nodes: &Nodes,
    leaves: &mut Leaves,
) -> Result<(), Failure> {
    let network = nodes.network();
    let suite = network.suite();
    leaves.read_more(nodes, [key::set_current(suite)], 0)?;
    let current: Option<SetCurrentLeaf> = leaves.get(&key::set_current(suite))?;
    let at = key::set(suite, current.as_ref().map_or(0, |current| current.epoch));
    leaves.read_more(nodes, [at], 0)?;
    let before: Option<SetLeaf> = leaves.get(&at)?;
    let before = before.map_or(Vec::new(), |set| set.validators);
    for name in &set.remove {
        if !before.iter().any(|validator| validator.name == *name) {
            let names: Vec<&str> = before
                .iter()
                .map(|validator| validator.name.as_str())
                .collect();
            let names = names.join(", ");
            return refuse(
                format!("{name} is no validator; they are {names}"),
                format!("{name} 不是验证者；现有验证者为 {names}"),
            );
        }
    }
    for NewValidator {
        validator,
        addresses,
    } in &set.add
    {
        check_newcomer(network, validator)?;
        for address in [&addresses.engine, &addresses.gossip] {
            if !address.starts_with('/') {
                return refuse(
                    format!("{address:?} is no address: write it as /ip4/192.0.2.1/tcp/26500"),
                    format!("{address:?} 不是地址：请写作 /ip4/192.0.2.1/tcp/26500"),
                );
            }
        }
    }
    let (old, gone, come) = (before.len(), set.remove.len(), set.add.len());
    let next = old.saturating_sub(gone).saturating_add(come);
    if 3 * gone >= old || 3 * come >= next {
        return refuse(
            format!("of {old} validators {gone} would leave, and of {next} {come} would be new: each must be less than a third, so change the set in smaller steps"),
            format!("现有 {old} 个验证者中 {gone} 个离开，之后 {next} 个中 {come} 个为新加入：均须少于三分之一，请分步变更"),
        );
    }
    Ok(())
}

fn check_newcomer(network: &Network, of: &GenesisValidator) -> Result<(), Failure> {
    request::check_id(&of.name)?;
    let keys = [
        ("consensus", &of.consensus),
        ("checkpoint", &of.checkpoint),
        ("log", &of.log),
        ("peer", &of.peer),
    ];
    keys.iter()
        .try_for_each(|(role, key)| check_proof(network, role, &of.name, key))
}

fn check_council(set: &SetCouncil, network: &Network, sitting: &Sitting) -> Result<(), Failure> {
    let mut names: Vec<&str> = set.seats.iter().map(|seat| seat.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let fits = names.len() == set.seats.len()
        && (1..=set.seats.len()).contains(&(set.threshold as usize))
        && names.iter().all(|name| is_id(name));
    if !fits {
        return refuse(
            "a council has seats of different names, of which at least one and at most all must sign",
            "理事会各席位名称不得相同，须签名数为 1 至席位总数",
        );
    }
    for seat in &set.seats {
        let sits =
            |own: &hefu_types::leaf::CouncilSeat| own.name == seat.name && own.key == seat.key.key;
        if !sitting.council.seats.iter().any(sits) {
            check_proof(network, "council", &seat.name, &seat.key)?;
        }
    }
    Ok(())
}
