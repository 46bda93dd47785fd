//! The verbs of governance and admission:
//!
//! ```text
//! east-reg admit-agency shop key=K may=permit:11S+11T,bill basis=none -> ok   (bill: a branch)
//! east-reg set-registrar sub key=S rights=permit:11S,*:12 members=yes  -> ok
//! east-reg standing agency:shop suspended                              -> ok
//! east-reg add-key agency:shop M role=management until=+10d            -> ok
//! shop/M retire-key K                                                  -> ok
//! east-reg recognise permit of=west cond=grade:A+B                     -> ok
//! buyer govern A1 by=a,b do region north & heartbeat 5000              -> ok
//! ```
//!
//! `K` is a key of that name, `agency:tax` the one that genesis gave; `shop/K` signs with K.

use super::{length, relative, Desk, Words};
use crate::verbs::tests::market::identifier;
use crate::verbs::tests::province::validator;
use crate::verbs::tests::world::{named_key, proven, salt, NETWORK_ID, SUITE};
use hefu_types::genesis::{ProvenKey, Region, Seat};
use hefu_types::key;
use hefu_types::leaf::{
    Addresses, AgencyLeaf, ClockLeaf, Condition, CouncilLeaf, Entitlement, Holder, KeyLeaf,
    KeyRole, Kind, LendingRules, MemberLeaf, Parameters, Part, PurposeRules, RecognitionLeaf,
    RecognitionRule, RegistrarLeaf, RegistrarRight, RulesLeaf, SetCurrentLeaf, SetLeaf, Standing,
    TypeLeaf, TypeRules,
};
use hefu_types::operation::{
    member_commitment, ActivateRules, AddKey, AdmitAgency, AdmitMember, AgencyTerms, ChangeAgency,
    ConfirmKey, CouncilAction, CouncilChange, CouncilSignature, DeclareCompromise, Govern,
    NewValidator, Operation, Recognise, RetireKey, SetCouncil, SetRegistrar, SetStanding,
    SetValidators,
};
use hefu_types::profile::Profile;
use hefu_types::{ActionId, Millis, PublicKey, Signature};

/// `11A+11B`, `*` for the empty prefix, `%65` for so many different ones.
fn prefixes(text: &str) -> Vec<String> {
    let all = text.split('+').filter(|prefix| !prefix.is_empty());
    let each = all.flat_map(|prefix| match prefix.strip_prefix('%') {
        Some(count) => {
            let count: usize = count.parse().expect("how many");
            (0..count).map(|n| format!("N{n:03}")).collect()
        }
        None => vec![prefix.replace('*', "").replace('~', "\n")],
    });
    each.collect()
}

/// `permit:11A+11B,bill`: each type with its prefixes.
fn scoped(text: &str) -> Vec<(String, Vec<String>)> {
    let each = text
        .split(',')
        .filter(|one| !one.is_empty() && *one != "none");
    let each = each.flat_map(|one| {
        let (one, times) = one.split_once("times").unwrap_or((one, "1"));
        let (of_type, all) = one.split_once(':').unwrap_or((one, ""));
        let times: usize = times.parse().expect("how often");
        vec![(of_type.to_owned(), prefixes(all)); times]
    });
    each.collect()
}

fn holder(text: &str) -> Holder {
    let (kind, id) = text.split_once(':').expect("agency:tax and the like");
    let id = id.to_owned();
    match kind {
        "agency" => Holder::Agency(id),
        "member" => Holder::Member(id),
        "registrar" => Holder::Registrar(id),
        "council" => Holder::Council(id),
        "validator" => Holder::Validator(id),
        _ => panic!("{text}: no such holder"),
    }
}

fn standing(text: &str) -> Standing {
    match text {
        "active" => Standing::Active,
        "suspended" => Standing::Suspended,
        "retired" => Standing::Retired,
        _ => panic!("{text} is no standing"),
    }
}

/// A text where the row gives none; `none` is the empty one, `long` one that is too long.
fn text(words: &Words<'_>, name: &str, otherwise: &str) -> String {
    match words.named(name, "") {
        "" => otherwise.to_owned(),
        "none" => String::new(),
        "long" => "x".repeat(2 * 1024 + 1),
        text => text.replace('_', "\n"),
    }
}

/// A key with its proof of possession: for the place that it comes to, or for that which `proof=` says.
fn proven_key(words: &Words<'_>, name: &str, role: &str, holder: &str) -> ProvenKey {
    if name == "weak" {
        // The identity of the curve: whoever knows the curve signs for it.
        let mut key = PublicKey([0; 32]);
        key.0[0] = 1;
        return ProvenKey {
            key,
            proof: Signature([0; 64]),
        };
    }
    let key = named_key(name);
    let (role, holder) = match words.named("proof", "").split_once(':') {
        Some((role, holder)) => (role, holder),
        None => (role, holder),
    };
    ProvenKey {
        key: key.public_key(),
        proof: key.prove_possession(&NETWORK_ID, role, holder),
    }
}

fn role(words: &Words<'_>) -> KeyRole {
    match words.named("role", "operational") {
        "management" => KeyRole::Management,
        _ => KeyRole::Operational,
    }
}

impl Desk {
    pub(super) fn act_of_governance(&mut self, verb: &str, said: &str) -> Option<Operation> {
        if verb == "govern" {
            return Some(self.govern(said));
        }
        let words = Words::of(said);
        let now = self.world.before.time.plus(1);
        let until = |name: &str| relative(now, words.named(name, "+100d"));
        Some(match verb {
            "admit-agency" => {
                let id = words.at(0);
                let management = words.named.get("management");
                Operation::AdmitAgency(AdmitAgency {
                    agency: self.terms(&words),
                    key: proven_key(&words, words.named("key", id), "agency", id),
                    key_valid_before: until("until"),
                    management_key: management
                        .map(|name| proven_key(&words, name, "agency-management", id)),
                })
            }
            "change-agency" => Operation::ChangeAgency(ChangeAgency {
                agency: self.terms(&words),
            }),
            "admit-member" => {
                let id = words.at(0).to_owned();
                Operation::AdmitMember(AdmitMember {
                    region: words.named("region", "east").to_owned(),
                    identifier: member_commitment(SUITE, &id, &salt(&id), &identifier(&id)),
                    key: proven_key(&words, words.named("key", &id), "member", &id),
                    key_valid_before: until("until"),
                    id,
                })
            }
            "set-registrar" => Operation::SetRegistrar(set_registrar(&words)),
            "standing" => Operation::SetStanding(set_standing(&words)),
            "add-key" => Operation::AddKey(add_key(&words, now)),
            "retire-key" => Operation::RetireKey(retire_key(&words)),
            "confirm-key" => Operation::ConfirmKey(ConfirmKey {
                key: named_key(words.at(0)).key_id(),
            }),
            "compromise" => Operation::DeclareCompromise(compromise(&words, now)),
            "recognise" => Operation::Recognise(Recognise {
                rule: rule(&words, now),
            }),
            _ => return None,
        })
    }

    fn terms(&self, words: &Words<'_>) -> AgencyTerms {
        let region = words.named("region", "east");
        let of = |part: Part, name: &str| {
            let basis = text(words, "basis", "list, item 3");
            let region = words.named("for", region).to_owned();
            let each = scoped(words.named(name, "")).into_iter();
            each.map(move |(document_type, issuer_prefixes)| Entitlement {
                document_type,
                region: region.clone(),
                issuer_prefixes,
                legal_basis: basis.clone(),
                part,
            })
        };
        AgencyTerms {
            id: words.at(0).to_owned(),
            name: text(words, "name", words.at(0)),
            region: region.to_owned(),
            contact: text(words, "contact", "counter"),
            identifier: words.named.get("code").map(|code| (*code).to_owned()),
            entitlements: of(Part::Issue, "may")
                .chain(of(Part::Supervise, "supervises"))
                .collect(),
        }
    }

    /// `A1 by=a,b do region north & heartbeat 5000`.
    fn govern(&mut self, said: &str) -> Operation {
        let (words, changes) = said.split_once(" do ").unwrap_or((said, ""));
        let words = Words::of(words);
        let now = self.world.before.time.plus(1);
        let clock: ClockLeaf = self.world.leaf(key::clock(SUITE));
        let epoch = words.named.get("epoch");
        let changes = changes.split('&').map(str::trim);
        let changes = changes.filter(|change| !change.is_empty());
        let action = CouncilAction {
            id: ActionId(salt(words.at(0)).0),
            council_epoch: epoch.map_or(clock.council_epoch, |n| n.parse().expect("an epoch")),
            valid_before: relative(now, words.named("until", "+1d")),
            reason: text(&words, "reason", "decision 1"),
            changes: changes.map(|change| self.change(change, now)).collect(),
        };
        let mut network = self.world.network.digest();
        if words.named("for", "") == "another-network" {
            network.0[0] ^= 1;
        }
        let mut signed = action.clone();
        if words.named("signed", "") == "otherwise" {
            signed.reason.push('!');
        }
        let preimage = signed.preimage(&network);
        let seats = words
            .named("by", "a,b")
            .split(',')
            .filter(|of| *of != "none");
        let mut signatures: Vec<_> = seats
            .map(|seat| {
                let key = match seat.split_once('/') {
                    Some((_, key)) => named_key(key),
                    None => named_key(&format!("council:{seat}")),
                };
                CouncilSignature {
                    key: key.key_id(),
                    signature: key.sign_statement(&preimage),
                }
            })
            .collect();
        signatures.sort_by_key(|signature| signature.key);
        if words.named("order", "") == "falling" {
            signatures.reverse();
        }
        Operation::Govern(Govern { action, signatures })
    }

    fn change(&self, said: &str, now: Millis) -> CouncilChange {
        let (what, rest) = said.split_once(' ').expect("what is changed");
        let words = Words::of(rest);
        match what {
            "type" => CouncilChange::SetType(self.changed_type(&words)),
            "region" => CouncilChange::SetRegion(Region {
                id: words.at(0).replace('~', ""),
                name_zh: text(&words, "name", "north"),
                name_en: text(&words, "name-en", "north"),
            }),
            "registrar" => CouncilChange::SetRegistrar(set_registrar(&words)),
            "standing" => CouncilChange::SetStanding(set_standing(&words)),
            "add-key" => CouncilChange::AddKey(add_key(&words, now)),
            "retire-key" => CouncilChange::RetireKey(retire_key(&words)),
            "compromise" => CouncilChange::DeclareCompromise(compromise(&words, now)),
            "validators" => CouncilChange::SetValidators(set_validators(&words)),
            "rules" => {
                let ahead = words.at(1);
                let height = self.world.before.height + 1;
                let number = || ahead[1..].parse::<u64>().expect("so many blocks");
                CouncilChange::ActivateRules(ActivateRules {
                    version: words.at(0).parse().expect("a version"),
                    height: match &ahead[..1] {
                        "+" => height.saturating_add(number()),
                        _ => height.saturating_sub(number()),
                    },
                })
            }
            "heartbeat" => CouncilChange::SetParameters(Parameters {
                heartbeat_ms: words.at(0).parse().expect("milliseconds"),
            }),
            "council" => CouncilChange::SetCouncil(SetCouncil {
                threshold: words.at(0).parse().expect("how many sign"),
                seats: seats(&words),
            }),
            _ => panic!("{said}: no such change"),
        }
    }

    fn changed_type(&self, words: &Words<'_>) -> TypeRules {
        let id = words.at(0);
        let known = self.world.rules.get(id).cloned();
        let mut rules =
            known.unwrap_or_else(|| TypeRules::new(id, Kind::Licence, Profile::Generic.name()));
        let names = |text: &str| text.split('+').map(str::to_owned).collect::<Vec<_>>();
        for (word, value) in &words.named {
            match *word {
                "kind" => rules.kind = Kind::Invoice,
                "profile" => rules.profile = (*value).to_owned(),
                "zone" => rules.zone_minutes = value.parse().expect("minutes"),
                "name" => rules.name_en = text(words, "name", ""),
                "purposes" => {
                    let all = names(value);
                    rules.purposes = all.iter().map(|name| PurposeRules::new(name)).collect();
                }
                "divisible" => {
                    let of = rules.purposes.iter_mut().find(|of| of.name == *value);
                    of.expect("a purpose").divisible ^= true;
                }
                "excludes" => rules.exclusions = vec![names(value)],
                "two-party" => rules.two_party ^= true,
                "ranges" => rules.ranges ^= true,
                "consent" => rules.consent_ms = length(value),
                "window" => rules.cancel_window_ms = length(value),
                "lending" => {
                    rules.lending = (*value != "none").then(|| LendingRules {
                        ms_max: length(value),
                        consent: words.named("asks", "no") == "yes",
                    });
                }
                "asks" => {}
                _ => panic!("{}: what is {word}?", self.context),
            }
        }
        rules
    }

    /// What a leaf says, in a row's words.
    pub(in crate::verbs::tests) fn leaf_said(
        &self,
        kind: &str,
        id: Option<&str>,
        what: &str,
    ) -> String {
        let id = id.unwrap_or_default();
        let yes = |holds: bool| if holds { "yes" } else { "no" }.to_owned();
        let world = &self.world;
        let word = match (kind, what) {
            ("key", _) => {
                let at = key::public_key(SUITE, &named_key(id).key_id());
                if what == "there" {
                    return yes(world.values.contains_key(&at));
                }
                let leaf: KeyLeaf = world.leaf(at);
                match what {
                    "retired" => return yes(leaf.retired_at.is_some()),
                    "compromised" => return yes(leaf.compromised_since.is_some()),
                    "confirmed" => return yes(leaf.confirmed_at.is_some()),
                    "signs" => return yes(leaf.signs_at(world.before.time.plus(1))),
                    _ => None,
                }
            }
            ("agency", _) => {
                let at = key::agency(SUITE, id);
                if what == "there" {
                    return yes(world.values.contains_key(&at));
                }
                let leaf: AgencyLeaf = world.leaf(at);
                match what {
                    "standing" => Some(leaf.standing.name().to_owned()),
                    "registrar" => Some(leaf.registrar.unwrap_or("none".to_owned())),
                    "may" => Some(leaf.entitlements.len().to_string()),
                    _ => None,
                }
            }
            ("member", "standing") => {
                let leaf: MemberLeaf = world.leaf(key::member(SUITE, id));
                Some(leaf.standing.name().to_owned())
            }
            ("registrar", _) => {
                let leaf: RegistrarLeaf = world.leaf(key::registrar(SUITE, id));
                match what {
                    "standing" => Some(leaf.standing.name().to_owned()),
                    "parent" => Some(leaf.parent.unwrap_or("none".to_owned())),
                    "rights" => Some(leaf.rights.len().to_string()),
                    _ => None,
                }
            }
            ("set", _) => self.set_said(what),
            ("council", _) => {
                let leaf: CouncilLeaf = world.leaf(key::council(SUITE));
                let clock: ClockLeaf = world.leaf(key::clock(SUITE));
                match what {
                    "epoch" => Some(clock.council_epoch.to_string()),
                    "compromises" => Some(clock.compromise_counter.to_string()),
                    "threshold" => Some(leaf.threshold.to_string()),
                    "seats" => {
                        let seats = leaf.seats.iter().map(|seat| seat.name.as_str());
                        Some(seats.collect::<Vec<_>>().join(","))
                    }
                    _ => None,
                }
            }
            ("rules", _) => {
                let leaf: RulesLeaf = world.leaf(key::rules(SUITE));
                match what {
                    "version" => Some(leaf.version.to_string()),
                    "next" => Some(match leaf.next {
                        Some((version, height)) => {
                            format!("{version}@+{}", height - world.before.height)
                        }
                        None => "none".to_owned(),
                    }),
                    _ => None,
                }
            }
            ("type", "lent-for") => {
                let leaf: TypeLeaf = world.leaf(key::document_type(SUITE, id));
                let lent = leaf.rules.lending.map_or(0, |lending| lending.ms_max);
                Some(format!("{}h", lent / Millis::HOUR))
            }
            ("rule", "recognised") => {
                let parts: Vec<&str> = id.split(',').collect();
                let at = key::recognition(SUITE, parts[0], parts[1], parts[2]);
                return yes(world.leaf::<RecognitionLeaf>(at).rule.recognised);
            }
            _ => None,
        };
        word.unwrap_or_else(|| panic!("{}: what is {what}?", self.context))
    }

    fn set_said(&self, what: &str) -> Option<String> {
        let current: SetCurrentLeaf = self.world.leaf(key::set_current(SUITE));
        Some(match what {
            "epoch" => current.epoch.to_string(),
            "waits" => if current.waiting_since.is_some() {
                "yes"
            } else {
                "no"
            }
            .to_owned(),
            "since" => (self.world.before.height + 1 - current.first_height).to_string(),
            "members" => {
                let set: SetLeaf = self.world.leaf(key::set(SUITE, current.epoch));
                let names = set.validators.iter().map(|of| of.name.as_str());
                names.collect::<Vec<_>>().join(",")
            }
            _ => return None,
        })
    }
}

fn set_registrar(words: &Words<'_>) -> SetRegistrar {
    let id = words.at(0);
    let right = |(of_type, issuer_prefixes): (String, Vec<String>)| RegistrarRight {
        document_type: (of_type != "*").then_some(of_type),
        issuer_prefixes,
    };
    let key = words.named.get("key");
    SetRegistrar {
        id: id.to_owned(),
        name: text(words, "name", id),
        region: words.named("region", "east").to_owned(),
        rights: scoped(words.named("rights", "none"))
            .into_iter()
            .map(right)
            .collect(),
        admits_members: words.named("members", "no") == "yes",
        key: key.map(|name| proven_key(words, name, "registrar", id)),
    }
}

fn set_standing(words: &Words<'_>) -> SetStanding {
    SetStanding {
        of: holder(words.at(0)),
        standing: standing(words.at(1)),
        reason: text(words, "reason", "found"),
    }
}

fn add_key(words: &Words<'_>, now: Millis) -> AddKey {
    let (holder, role) = (holder(words.at(0)), role(words));
    AddKey {
        key: proven_key(
            words,
            words.at(1),
            holder.possession_role(role),
            holder.id(),
        ),
        holder,
        role,
        valid_from: words.named.get("from").map(|from| relative(now, from)),
        valid_before: relative(now, words.named("until", "+100d")),
    }
}

fn retire_key(words: &Words<'_>) -> RetireKey {
    RetireKey {
        key: named_key(words.at(0)).key_id(),
    }
}

fn compromise(words: &Words<'_>, now: Millis) -> DeclareCompromise {
    DeclareCompromise {
        key: named_key(words.at(0)).key_id(),
        since: relative(now, words.named("since", "+0")),
        reason: text(words, "reason", "found"),
    }
}

/// `a,b,d:K`: seats with their first keys, or with that of a name.
fn seats(words: &Words<'_>) -> Vec<Seat> {
    let names = words
        .at(1)
        .split(',')
        .flat_map(|name| match name.strip_prefix('%') {
            Some(count) => {
                let count: usize = count.parse().expect("how many");
                (0..count).map(|n| format!("n{n}")).collect()
            }
            None => vec![name.replace('~', "")],
        });
    let seat = |name: String| {
        let (name, key) = match name.split_once('/') {
            Some((name, key)) => (name.to_owned(), key.to_owned()),
            None => (name.clone(), format!("council:{name}")),
        };
        Seat {
            key: proven_key(words, &key, "council", &name),
            name,
        }
    };
    names.map(seat).collect()
}

fn set_validators(words: &Words<'_>) -> SetValidators {
    let names = |word: &str| -> Vec<String> {
        let all = words
            .named(word, "")
            .split(',')
            .filter(|name| !name.is_empty());
        all.map(|name| name.replace('~', "")).collect()
    };
    let new = |name: String| {
        let mut of = validator(&name);
        of.region = words.named("region", "east").to_owned();
        if words.named("keys", "") == "again" {
            let again = |role: &str| {
                let key = named_key(&format!("{role}:{name} again"));
                ProvenKey {
                    key: key.public_key(),
                    proof: key.prove_possession(&NETWORK_ID, role, &name),
                }
            };
            of.consensus = again("consensus");
            of.checkpoint = again("checkpoint");
            of.log = again("log");
            of.peer = again("peer");
        }
        match words.named("with", "") {
            // The key of another, or one key twice.
            "agency-key" => of.peer = proven("agency", "tax"),
            "one-key" => of.log.key = of.consensus.key,
            "another-role" => of.log = proven("peer", &name),
            _ => {}
        }
        NewValidator {
            validator: of,
            addresses: Addresses {
                engine: text(words, "engine", "/ip4/192.0.2.1/tcp/26500"),
                gossip: text(words, "gossip", "/ip4/192.0.2.1/tcp/26600"),
            },
        }
    };
    SetValidators {
        remove: names("remove"),
        add: names("add").into_iter().map(new).collect(),
    }
}

fn rule(words: &Words<'_>, now: Millis) -> RecognitionRule {
    let condition = |said: &str| match said.split_once(':') {
        Some((name, values)) => Condition::Fact {
            name: name.to_owned(),
            any_of: prefixes(values),
        },
        None => Condition::RegisteredFrom(now),
    };
    let conditions = words
        .named("cond", "")
        .split(',')
        .filter(|one| !one.is_empty());
    RecognitionRule {
        by: words.named("by", "east").to_owned(),
        document_type: words.at(0).to_owned(),
        of: words.named("of", "west").to_owned(),
        recognised: words.named("as", "recognised") == "recognised",
        citation: text(words, "citation", "notice 1"),
        from: relative(now, words.named("from", "+0")),
        until: words.named.get("until").map(|until| relative(now, until)),
        conditions: conditions.map(condition).collect(),
        text: text(words, "text", "All of it"),
    }
}
