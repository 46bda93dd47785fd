//! A whole network on one machine: its genesis with all keys, and four real processes.
//!
//! What it makes is meant for trying and testing: every secret key of every party lies in one
//! folder. The files are the same as those of a real network.

use crate::config::{write_json, ConfigError, NodeConfig, PeerConfig};
use crate::memory::Memory;
use hefu_types::genesis::{
    Agency, Council, Genesis, GenesisValidator, Member, Network, ProvenKey, Region, Registrar, Seat,
};
use hefu_types::leaf::{
    Condition, Entitlement, FactField, Kind, LendingRules, Part, PurposeRules, RecognitionRule,
    TypeRules,
};
use hefu_types::operation::PREFIXES_MAX;
use hefu_types::profile::Profile;
use hefu_types::{Hash, Millis, NetworkId, Salt, Suite};
use hefu_wire::file::{KeyFile, KeyRole, NetworkFile};
use rand::rngs::OsRng;
use rand::RngCore;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

const SUITE: Suite = Suite::Sha256Ed25519;
const DAY_MS: u64 = 24 * Millis::HOUR;

/// What a devnet is made of.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The folder.
    pub folder: PathBuf,
    /// How many validators, 1 to 20.
    pub validators: usize,
    /// The first port; 0: free ones.
    pub port: u16,
    /// See [`Genesis::heartbeat_ms`].
    pub heartbeat_ms: u64,
    /// The version of the rules with which it begins; none: the newest.
    pub rules_version: Option<u32>,
}

/// Where a devnet's node is found.
#[derive(Clone, Debug)]
pub struct DevNode {
    /// The validator's name.
    pub name: String,
    /// Its configuration file.
    pub config: PathBuf,
    /// Its public address, such as `http://127.0.0.1:26502`.
    pub url: String,
}

const REGIONS: [(&str, &str, &str); 4] = [
    ("guangdong", "广东省", "Guangdong"),
    ("zhejiang", "浙江省", "Zhejiang"),
    ("guizhou", "贵州省", "Guizhou"),
    ("shanghai", "上海市", "Shanghai"),
];

/// Agencies: id, name, region, contact, (type, issuer prefixes, legal basis).
type AgencyPlan = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, &'static [&'static str], &'static str)],
);

/// Sellers whose identifiers begin otherwise than those of Chinese companies (91...).
const FOREIGN: &[&str] = &[
    "A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P", "Q", "R", "S",
    "T", "U", "V", "W", "X", "Y", "Z", "0", "1", "2", "3", "4", "5", "6", "7", "8", "90", "92",
    "93", "94", "95", "96", "97", "98", "99",
];

/// Chinese companies and bodies of provinces that have no agency here, and everybody abroad.
#[rustfmt::skip]
const ELSEWHERE: &[&str] = &[
    "A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P", "Q", "R", "S",
    "T", "U", "V", "W", "X", "Y", "Z", "0", "10", "110", "111", "112", "1130", "1131", "1132",
    "1134", "1135", "1136", "1137", "1138", "1139", "114", "1150", "1151", "1153", "1154", "1155",
    "1156", "1157", "1158", "1159", "116", "117", "118", "1190", "1191", "1192", "1193", "1194",
    "1195", "1196", "1197", "1198", "120", "121", "122", "1230", "1231", "1232", "1234", "1235", "1236", "1237", "1238", "1239", "124", "1250", "1251", "1253", "1254", "1255", "1256", "1257", "1258", "1259", "126", "127", "128", "129", "13", "14", "15", "16", "17", "18", "19", "2", "3", "4",
    "5", "6", "7", "8", "90", "910", "911", "912", "9130", "9132", "9134", "9135", "9136", "9137",
    "9138", "9139", "9140", "9141", "9142", "9143", "9145", "9146", "9147", "9148", "9149", "915",
    "916", "917", "918", "919", "92", "93", "94", "95", "96", "97", "98", "99", "自然资源部", "did:", "http:", "https:", "urn:", "某某省",
    "国土资源部",
];

/// The agency that confirms what others propose, and for which type.
const SUPERVISOR: (&str, &str) = ("zj-finance", "medical-bill");

const AGENCIES: &[AgencyPlan] = &[
    (
        "gd-tax",
        "Guangdong Tax Bureau 广东省税务局",
        "guangdong",
        "tax counter of Guangdong, telephone 020-00000000 (invented)",
        &[
            ("invoice", &["9144"], "devnet list of issuers, item 1"),
            (
                "digital-invoice",
                &["9144", "9199", "某某航空"],
                "devnet list of issuers, item 2",
            ),
            ("vat-einvoice", &["9144"], "devnet list of issuers, item 9"),
        ],
    ),
    (
        "gd-customs",
        "Guangdong Customs Service 广东海关",
        "guangdong",
        "customs counter of Guangdong, telephone 020-00000001 (invented)",
        &[
            (
                "invoice",
                FOREIGN,
                "devnet list of issuers, item 3: sellers from abroad",
            ),
            // For these numbers the devnet has no other agency, so this one keeps what others issued.
            ("vat-einvoice", ELSEWHERE, "devnet list of issuers, item 12"),
            ("elicence", ELSEWHERE, "devnet list of issuers, item 13"),
            ("it-invoice", &[""], "devnet list of issuers, item 14"),
            ("pl-invoice", &[""], "devnet list of issuers, item 15"),
            ("br-invoice", &[""], "devnet list of issuers, item 16"),
            ("mx-invoice", &[""], "devnet list of issuers, item 17"),
            ("in-invoice", &[""], "devnet list of issuers, item 18"),
            (
                "other-invoice",
                ELSEWHERE,
                "devnet list of issuers, item 19",
            ),
            ("certificate", ELSEWHERE, "devnet list of issuers, item 20"),
        ],
    ),
    (
        "zj-tax",
        "Zhejiang Tax Bureau 浙江省税务局",
        "zhejiang",
        "tax counter of Zhejiang, telephone 0571-00000000 (invented)",
        &[
            ("invoice", &["9133"], "devnet list of issuers, item 4"),
            (
                "digital-invoice",
                &["9133"],
                "devnet list of issuers, item 5",
            ),
            ("vat-einvoice", &["9133"], "devnet list of issuers, item 10"),
        ],
    ),
    (
        "zj-finance",
        "Zhejiang Finance Department 浙江省财政厅",
        "zhejiang",
        "bill counter of Zhejiang, telephone 0571-00000002 (invented)",
        &[
            ("fiscal-ebill", &[""], "devnet list of issuers, item 21"),
            ("medical-bill", &[""], "devnet list of supervisors, item 23"),
        ],
    ),
    (
        "zj-hospital",
        "Zhejiang Example Hospital 浙江示例医院",
        "zhejiang",
        "bill counter of the hospital, telephone 0571-00000003 (invented)",
        &[(
            "medical-bill",
            &["1233"],
            "devnet list of issuers, item 24: proposes",
        )],
    ),
    // A branch has no issuers of its own: it issues the numbers that the hospital gives to it.
    (
        "zj-clinic",
        "Clinic of the Zhejiang Example Hospital 浙江示例医院分院",
        "zhejiang",
        "bill counter of the clinic, telephone 0571-00000004 (invented)",
        &[(
            "medical-bill",
            &[],
            "devnet list of issuers, item 25: branch",
        )],
    ),
    (
        "zj-market",
        "Zhejiang Market Supervision 浙江省市场监督管理局",
        "zhejiang",
        "licence counter of Zhejiang, telephone 0571-00000001 (invented)",
        &[
            ("licence", &["1133"], "devnet list of issuers, item 6"),
            ("work-permit", &["1133"], "devnet list of issuers, item 26"),
            (
                "elicence",
                &["1133", "1199"],
                "devnet list of issuers, item 22",
            ),
        ],
    ),
    (
        "gz-housing",
        "Guizhou Housing and Construction 贵州省住房和城乡建设厅",
        "guizhou",
        "licence counter of Guizhou, telephone 0851-00000000 (invented)",
        &[
            ("licence", &["1152"], "devnet list of issuers, item 7"),
            ("work-permit", &["1152"], "devnet list of issuers, item 27"),
            ("elicence", &["1152"], "devnet list of issuers, item 23"),
        ],
    ),
    (
        "sh-tax",
        "Shanghai Tax Bureau 上海市税务局",
        "shanghai",
        "tax counter of Shanghai, telephone 021-00000000 (invented)",
        &[
            ("invoice", &["9131"], "devnet list of issuers, item 8"),
            ("vat-einvoice", &["9131"], "devnet list of issuers, item 11"),
            (
                "rail-ticket",
                &["中国国家铁路集团有限公司"],
                "devnet list of issuers, item 24",
            ),
        ],
    ),
];

/// Members: alias of the key file, region, legal identifier. The identifiers are those of buyers in
/// the project's own samples, and of one company that is nobody's buyer.
const MEMBERS: &[(&str, &str, &str)] = &[
    ("hangzhou", "zhejiang", "91330106MAHEFU047H"),
    ("guiyang", "guizhou", "91520111MAHEFU071J"),
    ("shanghai", "shanghai", "91310115MAHEFU08XJ"),
    ("other", "shanghai", "91310000MAHEFU0999"),
];

/// A rule of recognition.
struct RulePlan {
    by: &'static str,
    document_type: &'static str,
    of: &'static str,
    recognised: bool,
    citation: &'static str,
    text: &'static str,
    /// Of which grade a document must be; any where there is none.
    grades: &'static [&'static str],
    /// For how many days from the beginning on.
    days: Option<u64>,
}

/// A rule that recognises all documents of a type for ever.
const fn recognises(
    by: &'static str,
    document_type: &'static str,
    of: &'static str,
    citation: &'static str,
    text: &'static str,
) -> RulePlan {
    RulePlan {
        by,
        document_type,
        of,
        recognised: true,
        citation,
        text,
        grades: &[],
        days: None,
    }
}

const DELTA: &str = "devnet Yangtze delta agreement 2025, article 7 (invented)";
const DELTA_TEXT: &str =
    "Licences of the other party are recognised as one's own. 对方签发的证照视同本地证照。";
const PEARL: &str = "devnet Pan-Pearl agreement 2024, article 12 (invented)";

/// Who recognises what. Of all other pairs there is no rule, such as Shanghai and Guangdong.
const RECOGNITION: &[RulePlan] = &[
    recognises(
        "shanghai",
        "licence",
        "guizhou",
        "devnet agreement Shanghai-Guizhou 2026, article 3 (invented)",
        "Licences of Guizhou are recognised for projects in Shanghai. 贵州签发的证照在上海项目中予以认可。",
    ),
    recognises("shanghai", "licence", "zhejiang", DELTA, DELTA_TEXT),
    RulePlan {
        days: Some(730),
        ..recognises("zhejiang", "licence", "shanghai", DELTA, DELTA_TEXT)
    },
    RulePlan {
        grades: &["一级", "二级", "A"],
        ..recognises(
            "guangdong",
            "licence",
            "guizhou",
            PEARL,
            "Licences of Guizhou of grade one, two or A are recognised. 贵州签发的一级、二级或 A 级证照予以认可。",
        )
    },
    recognises(
        "guizhou",
        "licence",
        "guangdong",
        PEARL,
        "Licences of Guangdong are recognised. 广东签发的证照予以认可。",
    ),
    RulePlan {
        recognised: false,
        ..recognises(
            "zhejiang",
            "licence",
            "guizhou",
            "devnet notice of Zhejiang 2026-05: regraded first (invented)",
            "Licences of Guizhou are regraded before they serve in Zhejiang. 贵州证照须在浙江重新定级后使用。",
        )
    },
    recognises("shanghai", "elicence", "zhejiang", DELTA, DELTA_TEXT),
    recognises(
        "guangdong",
        "work-permit",
        "guizhou",
        PEARL,
        "Work permits of Guizhou admit to sites in Guangdong. 贵州签发的作业许可可用于广东工地。",
    ),
];

impl RulePlan {
    fn from(&self, time: Millis) -> RecognitionRule {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let grade = (!self.grades.is_empty()).then(|| Condition::Fact {
            name: "grade".to_owned(),
            any_of: texts(self.grades),
        });
        RecognitionRule {
            by: self.by.to_owned(),
            document_type: self.document_type.to_owned(),
            of: self.of.to_owned(),
            recognised: self.recognised,
            citation: self.citation.to_owned(),
            from: time,
            until: self.days.map(|days| time.plus(days * DAY_MS)),
            conditions: grade.into_iter().collect(),
            text: self.text.to_owned(),
        }
    }
}

/// Makes all files of a devnet, or finds those that were made before.
pub fn prepare(plan: &Plan) -> Result<Vec<DevNode>, ConfigError> {
    let network_file = plan.folder.join("network.json");
    if network_file.exists() {
        let file: NetworkFile = crate::config::read_json(&network_file)?;
        return Ok(nodes(plan, &file));
    }
    // Before anything is written: a taken port leaves nothing half-made behind.
    let addresses = addresses(plan)?;
    let mut id = NetworkId([0; 16]);
    OsRng.fill_bytes(&mut id.0);
    let maker = Maker {
        folder: plan.folder.clone(),
        id,
    };
    let genesis = maker.genesis(plan)?;
    let network = Network::new(genesis.clone()).map_err(|error| ConfigError::Content {
        path: plan.folder.join("genesis.json"),
        what: error.to_string(),
    })?;
    write_json(&plan.folder.join("genesis.json"), &genesis, false)?;
    for (index, validator) in genesis.validators.iter().enumerate() {
        let peers = genesis
            .validators
            .iter()
            .zip(&addresses)
            .filter(|(v, _)| v.name != validator.name);
        let own = &addresses[index];
        let config = NodeConfig {
            name: validator.name.clone(),
            genesis: "../genesis.json".into(),
            data: "data".into(),
            keys: "keys".into(),
            engine_listen: multiaddr(own.engine),
            gossip_listen: multiaddr(own.gossip),
            peers: peers
                .map(|(peer, at)| PeerConfig {
                    name: peer.name.clone(),
                    engine: multiaddr(at.engine),
                    gossip: multiaddr(at.gossip),
                    key: None,
                })
                .collect(),
            http_listen: own.http,
            operator_listen: own.operator,
            propose_timeout_ms: 500,
            vote_timeout_ms: 200,
            records_memory_mib: None,
            free_mib_min: NodeConfig::FREE_MIB_MIN,
            rules_version_max: None,
        };
        let folder = plan.folder.join(format!("node-{index}"));
        Memory::new(&folder.join("data")).found()?;
        write_json(&folder.join("node.json"), &config, false)?;
    }
    let file = NetworkFile {
        genesis,
        digest: network.digest(),
        nodes: addresses
            .iter()
            .map(|at| format!("http://{}", at.http))
            .collect(),
    };
    // Last: who finds the network file finds all the others.
    write_json(&network_file, &file, false)?;
    Ok(nodes(plan, &file))
}

fn nodes(plan: &Plan, file: &NetworkFile) -> Vec<DevNode> {
    let validators = file.genesis.validators.iter().zip(&file.nodes).enumerate();
    let node = |(index, (validator, url)): (usize, (&GenesisValidator, &String))| DevNode {
        name: validator.name.clone(),
        config: plan.folder.join(format!("node-{index}/node.json")),
        url: url.clone(),
    };
    validators.map(node).collect()
}

struct Addresses {
    engine: SocketAddr,
    gossip: SocketAddr,
    http: SocketAddr,
    operator: SocketAddr,
}

fn multiaddr(address: SocketAddr) -> String {
    format!("/ip4/{}/tcp/{}", address.ip(), address.port())
}

fn taken(port: u16, error: &std::io::Error) -> ConfigError {
    ConfigError::Content {
        path: "127.0.0.1".into(),
        what: format!(
            "port {port} cannot be used ({error}); give another --port, or 0 for free ones"
        ),
    }
}

fn addresses(plan: &Plan) -> Result<Vec<Addresses>, ConfigError> {
    // Free ports are held until all are found, so that no two are the same.
    let mut held = Vec::new();
    let mut all = Vec::new();
    for index in 0..plan.validators {
        let mut four = Vec::new();
        for offset in 0..4_u16 {
            let fixed = plan
                .port
                .saturating_add(10 * index as u16)
                .saturating_add(offset);
            let port = if plan.port == 0 { 0 } else { fixed };
            let listener =
                TcpListener::bind(("127.0.0.1", port)).map_err(|error| taken(port, &error))?;
            four.push(listener.local_addr().map_err(|error| taken(port, &error))?);
            held.push(listener);
        }
        all.push(Addresses {
            engine: four[0],
            gossip: four[1],
            http: four[2],
            operator: four[3],
        });
    }
    Ok(all)
}

struct Maker {
    folder: PathBuf,
    id: NetworkId,
}

impl Maker {
    fn genesis(&self, plan: &Plan) -> Result<Genesis, ConfigError> {
        let time = crate::clock::Clock::System.now();
        let keys = self.folder.join("keys");
        let validators = (0..plan.validators).map(|index| self.validator(index));
        let seats = REGIONS.iter().map(|(region, ..)| {
            let key = self.key(&keys, KeyRole::Council, &format!("seat-{region}"), |_| {})?;
            Ok(Seat {
                name: format!("seat-{region}"),
                key,
            })
        });
        let registrars = REGIONS.iter().map(|(region, ..)| {
            let id = format!("registrar-{region}");
            let key = self.key(&keys, KeyRole::Registrar, &id, |_| {})?;
            Ok(Registrar {
                id,
                region: (*region).to_owned(),
                key,
            })
        });
        Ok(Genesis {
            format: 0,
            network_id: self.id,
            name: "devnet.hefu.example".to_owned(),
            suite: SUITE.name().to_owned(),
            time,
            heartbeat_ms: plan.heartbeat_ms,
            regions: REGIONS
                .iter()
                .map(|(id, zh, en)| Region {
                    id: (*id).to_owned(),
                    name_zh: (*zh).to_owned(),
                    name_en: (*en).to_owned(),
                })
                .collect(),
            validators: validators.collect::<Result<_, ConfigError>>()?,
            council: Council {
                threshold: 3,
                seats: seats.collect::<Result<_, ConfigError>>()?,
            },
            registrars: registrars.collect::<Result<_, ConfigError>>()?,
            agencies: (AGENCIES
                .iter()
                .map(|agency| self.agency(&keys, agency, time)))
            .collect::<Result<_, _>>()?,
            members: (MEMBERS
                .iter()
                .map(|member| self.member(&keys, member, time)))
            .collect::<Result<_, _>>()?,
            types: types(),
            recognition: RECOGNITION.iter().map(|rule| rule.from(time)).collect(),
            rules_version: plan.rules_version.unwrap_or(*hefu_state::KNOWN_RULES.end()),
        })
    }

    fn validator(&self, index: usize) -> Result<GenesisValidator, ConfigError> {
        let region = REGIONS[index % REGIONS.len()].0;
        let turn = index / REGIONS.len();
        let suffix = if turn == 0 {
            String::new()
        } else {
            format!("-{}", turn + 1)
        };
        let name = format!("{region}{suffix}.devnet.hefu.example");
        let keys = self.folder.join(format!("node-{index}/keys"));
        let key = |role| {
            self.key_at(
                &keys.join(format!("{}.json", KeyRole::name(role))),
                role,
                &name,
                |_| {},
            )
        };
        Ok(GenesisValidator {
            region: region.to_owned(),
            consensus: key(KeyRole::Consensus)?,
            checkpoint: key(KeyRole::Checkpoint)?,
            log: key(KeyRole::Log)?,
            peer: key(KeyRole::Peer)?,
            name: name.clone(),
        })
    }

    fn agency(&self, keys: &Path, plan: &AgencyPlan, time: Millis) -> Result<Agency, ConfigError> {
        let (id, name, region, contact, entitlements) = plan;
        let key = self.key(keys, KeyRole::Agency, id, |file| {
            file.fact_secret = Some(Hash(random()));
        })?;
        let entitlement =
            |(document_type, prefixes, legal_basis): &(&str, &[&str], &str)| Entitlement {
                document_type: (*document_type).to_owned(),
                region: (*region).to_owned(),
                issuer_prefixes: prefixes.iter().map(|prefix| (*prefix).to_owned()).collect(),
                legal_basis: (*legal_basis).to_owned(),
                part: if (*id, *document_type) == SUPERVISOR {
                    Part::Supervise
                } else {
                    Part::Issue
                },
            };
        // A long list of issuers takes several entitlements.
        let entitlements = entitlements.iter().flat_map(|(of_type, prefixes, basis)| {
            let parts = prefixes.chunks(PREFIXES_MAX);
            let empty = prefixes.is_empty().then_some(*prefixes);
            parts
                .chain(empty)
                .map(move |part| entitlement(&(of_type, part, basis)))
        });
        Ok(Agency {
            id: (*id).to_owned(),
            name: (*name).to_owned(),
            region: (*region).to_owned(),
            contact: (*contact).to_owned(),
            key,
            entitlements: entitlements.collect(),
            key_valid_before: time.plus(3 * 365 * DAY_MS),
        })
    }

    fn member(
        &self,
        keys: &Path,
        (alias, region, identifier): &(&str, &str, &str),
        time: Millis,
    ) -> Result<Member, ConfigError> {
        // The id is random: it says nothing about who it is.
        let id = hex::encode(&random::<16>()[..]);
        let mut commitment = None;
        let path = keys.join(format!("member-{alias}.json"));
        let key = self.key_at(&path, KeyRole::Member, &id, |file| {
            file.identifier = Some((*identifier).to_owned());
            file.identifier_salt = Some(Salt(random()));
            commitment = file.member_commitment();
        })?;
        Ok(Member {
            id,
            region: (*region).to_owned(),
            identifier: commitment.expect("the key file has identifier and salt"),
            key,
            key_valid_before: time.plus(3 * 365 * DAY_MS),
        })
    }

    fn key(
        &self,
        keys: &Path,
        role: KeyRole,
        holder: &str,
        add: impl FnOnce(&mut KeyFile),
    ) -> Result<ProvenKey, ConfigError> {
        let name = if holder.starts_with(role.name()) {
            format!("{holder}.json")
        } else {
            format!("{}-{holder}.json", role.name())
        };
        self.key_at(&keys.join(name), role, holder, add)
    }

    fn key_at(
        &self,
        path: &Path,
        role: KeyRole,
        holder: &str,
        add: impl FnOnce(&mut KeyFile),
    ) -> Result<ProvenKey, ConfigError> {
        let mut file = KeyFile::new(role, holder, SUITE, random());
        add(&mut file);
        write_json(path, &file, true)?;
        let key = file.secret_key().expect("the file was made from one seed");
        let proof = key.prove_possession(&self.id, role.name(), holder);
        Ok(ProvenKey {
            key: file.public_key,
            proof,
        })
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    OsRng.fill_bytes(&mut bytes);
    bytes
}

/// The types: id, kind, names, profile, zone in minutes ahead of UTC.
const TYPES: &[(&str, Kind, &str, &str, Profile, i16)] = {
    use Kind::{Invoice, Licence};
    &[
        (
            "invoice",
            Invoice,
            "电子发票",
            "Electronic invoice",
            Profile::En16931,
            480,
        ),
        (
            "digital-invoice",
            Invoice,
            "数电票",
            "Fully digitalised invoice",
            Profile::CnDigitalInvoice,
            480,
        ),
        (
            "vat-einvoice",
            Invoice,
            "增值税电子发票",
            "VAT e-invoice",
            Profile::CnVatEinvoice,
            480,
        ),
        (
            "fiscal-ebill",
            Invoice,
            "财政电子票据",
            "Fiscal e-bill",
            Profile::CnFiscalEbill,
            480,
        ),
        (
            "rail-ticket",
            Invoice,
            "铁路电子客票",
            "Railway e-ticket",
            Profile::CnRailTicket,
            480,
        ),
        (
            "in-invoice",
            Invoice,
            "印度电子发票",
            "GST e-invoice of India",
            Profile::InIrn,
            330,
        ),
        (
            "it-invoice",
            Invoice,
            "意大利电子发票",
            "Invoice of Italy",
            Profile::ItSdi,
            60,
        ),
        (
            "pl-invoice",
            Invoice,
            "波兰电子发票",
            "Invoice of Poland",
            Profile::PlKsef,
            60,
        ),
        (
            "br-invoice",
            Invoice,
            "巴西电子发票",
            "Invoice of Brazil",
            Profile::BrNfe,
            -180,
        ),
        (
            "mx-invoice",
            Invoice,
            "墨西哥电子发票",
            "Invoice of Mexico",
            Profile::MxCfdi,
            -360,
        ),
        (
            "other-invoice",
            Invoice,
            "其他发票",
            "Other invoice",
            Profile::Generic,
            480,
        ),
        (
            "medical-bill",
            Invoice,
            "医疗电子票据",
            "Medical bill, of a unit and confirmed by its bureau",
            Profile::Generic,
            480,
        ),
        ("licence", Licence, "证照", "Licence", Profile::Generic, 480),
        (
            "work-permit",
            Licence,
            "作业许可",
            "Work permit, for one entry",
            Profile::Generic,
            480,
        ),
        (
            "elicence",
            Licence,
            "电子证照",
            "Electronic licence (GB/T 36904)",
            Profile::CnElicence,
            480,
        ),
        (
            "certificate",
            Licence,
            "其他证书",
            "Other certificate",
            Profile::Generic,
            480,
        ),
    ]
};

fn types() -> Vec<TypeRules> {
    let rules =
        |(id, kind, zh, en, profile, zone_minutes): &(&str, Kind, &str, &str, Profile, i16)| {
            let is_invoice = *kind == Kind::Invoice;
            let by_two = *id == SUPERVISOR.1;
            TypeRules {
                name_zh: (*zh).to_owned(),
                name_en: (*en).to_owned(),
                zone_minutes: *zone_minutes,
                purposes: match *id {
                    _ if is_invoice => purposes(),
                    // Used up by the first entry, and by nobody in parts.
                    "work-permit" => vec![PurposeRules::new("site-entry")],
                    _ => Vec::new(),
                },
                // What is reimbursed is not subsidised too.
                exclusions: if is_invoice {
                    vec![vec!["reimburse".to_owned(), "subsidy".to_owned()]]
                } else {
                    Vec::new()
                },
                first_member: is_invoice,
                offline_ms: if is_invoice { 3 * DAY_MS } else { 0 },
                two_party: by_two,
                ranges: by_two,
                unattested: is_invoice && !by_two,
                facts: facts(id),
                lending: lending(id),
                ..TypeRules::new(id, *kind, profile.name())
            }
        };
    TYPES.iter().map(rules).collect()
}

/// The dictionary of a type, by the names that are read out of its files. Whom a licence is for is shown
/// by its receipt only; what a clerk of another region decides by stands in the record.
fn facts(document_type: &str) -> Vec<FactField> {
    const LICENCE: &[(&str, &str, &str, bool)] = &[
        ("licence-name", "证照名称", "Name of the licence", true),
        ("holder", "持证主体", "Holder", false),
        ("grade", "等级", "Grade", true),
        ("scope", "许可范围", "Scope", true),
        ("valid-from", "有效期起", "Valid from", false),
        ("valid-until", "有效期止", "Valid until", false),
    ];
    const WORK_PERMIT: &[(&str, &str, &str, bool)] = &[
        ("licence-name", "证照名称", "Name of the permit", true),
        ("holder", "持证主体", "Holder", false),
        ("scope", "作业范围", "Work that is permitted", true),
        ("site", "作业地点", "Site", true),
        ("valid-from", "有效期起", "Valid from", false),
        ("valid-until", "有效期止", "Valid until", false),
    ];
    const E_LICENCE: &[(&str, &str, &str, bool)] = &[
        ("title", "证照名称", "Name of the licence", true),
        ("holder", "持证主体", "Holder", false),
        ("issuer", "证照颁发机构", "Issuer", true),
        ("issue-date", "证照颁发日期", "Date of issue", true),
        ("valid-from", "有效期起", "Valid from", false),
        ("valid-until", "有效期止", "Valid until", false),
    ];
    let facts = match document_type {
        "licence" => LICENCE,
        "work-permit" => WORK_PERMIT,
        "elicence" => E_LICENCE,
        _ => &[],
    };
    let fact = |(name, zh, en, open): &(&str, &str, &str, bool)| FactField {
        name: (*name).to_owned(),
        name_zh: (*zh).to_owned(),
        name_en: (*en).to_owned(),
        open: *open,
    };
    facts.iter().map(fact).collect()
}

/// How copies are lent: of a licence with its holder's consent, of a work permit by its agency alone.
fn lending(document_type: &str) -> Option<LendingRules> {
    match document_type {
        "licence" | "elicence" => Some(LendingRules {
            ms_max: 30 * DAY_MS,
            consent: true,
        }),
        "work-permit" => Some(LendingRules {
            ms_max: 7 * DAY_MS,
            consent: false,
        }),
        _ => None,
    }
}

/// For what invoices of the devnet are used: some in parts, each for a day at the most before it is
/// used for good.
fn purposes() -> Vec<PurposeRules> {
    let divisible = |name| PurposeRules {
        divisible: true,
        ..PurposeRules::new(name)
    };
    vec![
        PurposeRules::new("book"),
        PurposeRules::new("deduct"),
        divisible("finance"),
        divisible("reimburse"),
        PurposeRules::new("subsidy"),
    ]
}
