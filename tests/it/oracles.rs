//! Oracles that we did not write: the crate `jmt` for the state tree, the RFC 6962 vectors of
//! transparency-dev/merkle and a complete tile log of transparency-dev/tessera for the log, Wycheproof for
//! Ed25519. The files are read where they lie beside the checkout; a few vectors stand here for a machine that
//! does not have them.

use anyhow::{ensure, Context, Result};
use base64::prelude::{Engine, BASE64_STANDARD};
use hefu_proof::log::{
    consistency_path, inclusion_path, verify_consistency, verify_inclusion, Frontier,
};
use hefu_proof::StateProof;
use hefu_state::StateTree;
use hefu_types::{canonical, EntryIndex, Hash, PublicKey, Signature, StateKey, Suite, TreeSize};
use hefu_wire::Tile;
use jmt::{mock::MockTreeStore, KeyHash, RootHash, Sha256Jmt};
use rand::{rngs::StdRng, Rng, SeedableRng};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

const SUITE: Suite = Suite::Sha256Ed25519;

/// A folder of files that others wrote, where it lies beside the checkout.
fn corpus(folder: &str) -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/crypto");
    let folder = shared.join(folder);
    if !folder.is_dir() {
        println!(
            "{} is not there: none of its files were read",
            folder.display()
        );
        return None;
    }
    Some(folder)
}

/// All files below a folder with this extension, in order.
fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, extension)?);
        } else if path.extension().is_some_and(|is| is == extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// What `jmt` makes of any history, deletions included, this tree makes of it; and each proof of the one is that
/// of the other, hash for hash, so each is accepted by both verifiers.
#[test]
fn histories_have_the_roots_and_proofs_of_jmt() -> Result<()> {
    let mut rng = StdRng::seed_from_u64(6_962);
    let (mut batches, mut inclusions, mut exclusions, mut refused) = (0, 0, 0, 0);
    for _ in 0..24 {
        let store = MockTreeStore::default();
        let mut tree = StateTree::new(SUITE);
        let mut held: BTreeMap<StateKey, Vec<u8>> = BTreeMap::new();
        // Few clusters of keys that share up to 255 bits, and many keys apart.
        let centres: [[u8; 32]; 3] = rng.gen();
        for version in 0..rng.gen_range(2..12) {
            let mut batch: BTreeMap<StateKey, Option<Vec<u8>>> = BTreeMap::new();
            for _ in 0..rng.gen_range(1..80) {
                let known = held.keys().nth(rng.gen_range(0..held.len().max(1)));
                let key = match (rng.gen_range(0..3), known) {
                    (0, Some(known)) => *known,
                    (1, _) => near(&centres[rng.gen_range(0..3)], &mut rng),
                    _ => StateKey(rng.gen()),
                };
                let value = (rng.gen_ratio(2, 3)).then(|| rng.gen::<[u8; 3]>().to_vec());
                batch.insert(key, value);
            }
            let values = batch.iter().map(|(key, v)| (KeyHash(key.0), v.clone()));
            let oracle = Sha256Jmt::new(&store);
            let (RootHash(root), written) = oracle.put_value_set(values, version)?;
            store.write_tree_update_batch(written)?;
            let mut changes: Vec<_> = batch
                .iter()
                .map(|(key, value)| (*key, value.as_ref().map(|v| SUITE.hash(&[v]))))
                .collect();
            ensure!(tree.apply(&mut changes) == Hash(root), "another root");
            for (key, value) in batch {
                match value {
                    Some(value) => held.insert(key, value),
                    None => held.remove(&key),
                };
            }
            batches += 1;

            let asked = held.keys().copied().take(8).collect::<Vec<_>>();
            let absent = (0..8).map(|at| match at % 2 {
                0 => StateKey(rng.gen()),
                _ => near(&centres[at % 3], &mut rng),
            });
            let oracle = Sha256Jmt::new(&store);
            for key in asked.into_iter().chain(absent.collect::<Vec<_>>()) {
                let (theirs, proof) = oracle.get_with_proof(KeyHash(key.0), version)?;
                ensure!(theirs.as_ref() == held.get(&key), "another value");
                let (root, key_hash) = (RootHash(tree.root().0), KeyHash(key.0));
                proof.verify(root, key_hash, theirs.as_ref())?;
                let ours = tree.prove(&key);
                let (as_ours, value_hash) = read_theirs(&proof, &key)?;
                ensure!(ours == as_ours, "{key}: two proofs");
                let expected = theirs.as_ref().map(|value| SUITE.hash(&[value]));
                ensure!(expected == value_hash, "{key}: another hash of the value");
                as_ours.verify(SUITE, &tree.root(), &key, value_hash.as_ref())?;
                // What one refuses the other refuses.
                let wrong = match theirs {
                    Some(_) => None,
                    None => Some(vec![7]),
                };
                let wrong_hash = wrong.as_ref().map(|value| SUITE.hash(&[value]));
                ensure!(proof.verify(root, key_hash, wrong).is_err());
                ensure!(ours
                    .verify(SUITE, &tree.root(), &key, wrong_hash.as_ref())
                    .is_err());
                refused += 1;
                match value_hash {
                    Some(_) => inclusions += 1,
                    None => exclusions += 1,
                }
            }
        }
    }
    println!(
        "jmt: {batches} batches with equal roots, {inclusions} inclusions and {exclusions} exclusions that \
         both verifiers accept, {refused} that both refuse"
    );
    ensure!(inclusions > 500 && exclusions > 500);
    Ok(())
}

/// A key that shares with another all bits but one or two.
fn near(centre: &[u8; 32], rng: &mut StdRng) -> StateKey {
    let mut key = *centre;
    for _ in 0..2 {
        key[rng.gen_range(0..32)] ^= 1 << rng.gen_range(0..8);
    }
    StateKey(key)
}

/// A proof of `jmt` as one of ours. Theirs goes from the leaf up and holds of each sibling the node, ours goes
/// from the root down and holds the hash.
fn read_theirs<T: serde::Serialize>(
    proof: &T,
    key: &StateKey,
) -> Result<(StateProof, Option<Hash>)> {
    #[derive(Deserialize)]
    struct Leaf {
        key_hash: [u8; 32],
        value_hash: [u8; 32],
    }
    #[derive(Deserialize)]
    enum Node {
        Null,
        Internal {
            left_child: [u8; 32],
            right_child: [u8; 32],
        },
        Leaf(Leaf),
    }
    #[derive(Deserialize)]
    struct Proof {
        leaf: Option<Leaf>,
        siblings: Vec<Node>,
    }
    let proof: Proof = serde_json::from_value(serde_json::to_value(proof)?)?;
    let hash = |node: &Node| match node {
        Node::Null => SUITE.state_placeholder(),
        Node::Internal {
            left_child,
            right_child,
        } => SUITE.state_node(&Hash(*left_child), &Hash(*right_child)),
        Node::Leaf(leaf) => SUITE.state_leaf(&leaf.key_hash, &Hash(leaf.value_hash)),
    };
    let beside: Vec<Hash> = proof.siblings.iter().rev().map(hash).collect();
    let is_own = |leaf: &Leaf| leaf.key_hash == key.0;
    let neighbour = proof.leaf.as_ref().filter(|leaf| !is_own(leaf));
    let neighbour = neighbour.map(|leaf| (StateKey(leaf.key_hash), Hash(leaf.value_hash)));
    let value_hash = proof.leaf.as_ref().filter(|leaf| is_own(leaf));
    let value_hash = value_hash.map(|leaf| Hash(leaf.value_hash));
    let ours = StateProof::new(SUITE, &beside, neighbour);
    let bytes = canonical::encode(&ours);
    ensure!(canonical::decode(&bytes, StateProof::ENCODED_BYTES_MAX).as_ref() == Ok(&ours));
    Ok((ours, value_hash))
}

/// 32 bytes in base64; `None` where a vector holds something else, which no caller of ours could pass on.
fn hash(text: &str) -> Option<Hash> {
    Hash::try_from(&BASE64_STANDARD.decode(text).ok()?[..]).ok()
}

fn hashes(proof: Option<&Vec<String>>) -> Option<Vec<Hash>> {
    proof.map_or(Some(Vec::new()), |proof| {
        proof.iter().map(|text| hash(text)).collect()
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InclusionVector {
    leaf_idx: u64,
    tree_size: u64,
    root: String,
    leaf_hash: String,
    proof: Option<Vec<String>>,
    want_err: bool,
}

impl InclusionVector {
    fn is_refused(&self) -> bool {
        let parts = (
            hash(&self.leaf_hash),
            hash(&self.root),
            hashes(self.proof.as_ref()),
        );
        let (Some(leaf), Some(root), Some(path)) = parts else {
            return true;
        };
        let (index, size) = (EntryIndex(self.leaf_idx), TreeSize(self.tree_size));
        verify_inclusion(SUITE, &leaf, index, size, &path, &root).is_err()
    }
}

#[derive(Deserialize)]
struct ConsistencyVector {
    size1: u64,
    size2: u64,
    root1: String,
    root2: String,
    proof: Option<Vec<String>>,
    #[serde(rename = "wantErr")]
    want_err: bool,
}

impl ConsistencyVector {
    fn is_refused(&self) -> bool {
        let parts = (
            hash(&self.root1),
            hash(&self.root2),
            hashes(self.proof.as_ref()),
        );
        let (Some(root1), Some(root2), Some(path)) = parts else {
            return true;
        };
        let (first, second) = ((TreeSize(self.size1), root1), (TreeSize(self.size2), root2));
        verify_consistency(SUITE, first, second, &path).is_err()
    }
}

#[test]
fn the_vectors_of_rfc_6962_are_judged_as_their_writers_do() -> Result<()> {
    let Some(folder) = corpus("merkle-rfc6962/testdata") else {
        return Ok(());
    };
    let (mut read, mut skipped, mut wrong) = (BTreeMap::new(), 0, Vec::new());
    for path in files(&folder, "json")? {
        let text = std::fs::read(&path)?;
        let name = path.strip_prefix(&folder)?.to_string_lossy().into_owned();
        let family = name.split('/').next().unwrap_or_default().to_owned();
        let (refused, want_err) = match family.as_str() {
            "inclusion" => {
                let vector: InclusionVector =
                    serde_json::from_slice(&text).context(name.clone())?;
                (vector.is_refused(), vector.want_err)
            }
            "consistency" => {
                let vector: ConsistencyVector =
                    serde_json::from_slice(&text).context(name.clone())?;
                (vector.is_refused(), vector.want_err)
            }
            // Proofs of subtrees (a draft of the merkle tree certificates) lead from a range of leaves to
            // another range; the ledger has none.
            _ => {
                skipped += 1;
                continue;
            }
        };
        if refused != want_err {
            wrong.push(format!("{name}: refused {refused}, expected {want_err}"));
        }
        *read.entry((family, want_err)).or_insert(0) += 1;
    }
    println!("RFC 6962: {read:?} (refusals: true); {skipped} of subtrees have no meaning here");
    ensure!(wrong.is_empty(), "{wrong:#?}");
    ensure!(read.values().sum::<i32>() > 100 && read.len() == 4);
    Ok(())
}

/// The roots of the trees over the eight entries of the RFC 6962 vectors, which are the same in many
/// implementations (transparency-dev/merkle, certificate-transparency-go).
#[test]
fn the_known_tree_of_eight_entries() -> Result<()> {
    let entries = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut frontier = Frontier::new(SUITE);
    let mut nodes = HashMap::new();
    let mut trees = vec![SUITE.log_empty()];
    for (entry, root) in entries.iter().zip(roots) {
        frontier.append(
            SUITE.log_leaf(&hex::decode(entry)?),
            |level, index, hash| {
                nodes.insert((level, index), hash);
            },
        );
        ensure!(
            frontier.root().to_string() == root,
            "of {}",
            frontier.size()
        );
        trees.push(frontier.root());
    }
    paths_hold(&nodes, &trees)
}

/// Every entry is in every tree, and every tree goes on from every smaller one.
fn paths_hold(nodes: &HashMap<(u8, u64), Hash>, trees: &[Hash]) -> Result<()> {
    let mut node = |level, index| nodes.get(&(level, index)).copied().context("a node");
    for (size, root) in trees.iter().enumerate().skip(1) {
        let size = TreeSize(size as u64);
        for index in (0..size.0).map(EntryIndex) {
            let path = inclusion_path(SUITE, index, size, &mut node)?;
            let leaf = node(0, index.0)?;
            verify_inclusion(SUITE, &leaf, index, size, &path, root)?;
        }
        for (first, first_root) in trees.iter().enumerate().take(size.0 as usize + 1).skip(1) {
            let first = TreeSize(first as u64);
            let path = consistency_path(SUITE, first, size, &mut node)?;
            verify_consistency(SUITE, (first, *first_root), (size, *root), &path)?;
        }
    }
    Ok(())
}

/// A log that another program wrote: every tile, every bundle and every checkpoint of it.
#[test]
fn a_whole_tile_log_is_read() -> Result<()> {
    let Some(folder) = corpus("tlog-tiles/testdata/log") else {
        return Ok(());
    };
    let (mut tiles, mut bundles) = (BTreeMap::new(), BTreeMap::new());
    let below = folder.join("tile");
    for path in all_files(&below)? {
        let name = path.strip_prefix(&below)?.to_string_lossy().into_owned();
        let bytes = std::fs::read(&path)?;
        match Tile::parse(&name).with_context(|| format!("{name} is no path of a tile"))? {
            Tile::Hashes(0, 0, width) => {
                ensure!(bytes.len() == usize::from(width) * Hash::LEN, "{name}");
                let hashes = bytes.chunks_exact(Hash::LEN).map(Hash::try_from);
                tiles.insert(width, hashes.collect::<Result<Vec<_>, _>>()?);
            }
            Tile::Entries(0, width) => {
                bundles.insert(width, entries(&bytes)?);
                ensure!(bundles[&width].len() == usize::from(width), "{name}");
            }
            other => anyhow::bail!("{name}: {other:?} in a log of 15 entries"),
        }
    }
    let (_, longest) = bundles.last_key_value().context("bundles")?;
    let mut frontier = Frontier::new(SUITE);
    let mut nodes = HashMap::new();
    let mut trees = vec![SUITE.log_empty()];
    for entry in longest {
        frontier.append(SUITE.log_leaf(entry), |level, index, hash| {
            nodes.insert((level, index), hash);
        });
        trees.push(frontier.root());
    }
    for (width, hashes) in &tiles {
        let leaves = bundles.get(width).context("a bundle for each tile")?;
        let leaves: Vec<Hash> = leaves.iter().map(|entry| SUITE.log_leaf(entry)).collect();
        ensure!(*hashes == leaves, "the tile of width {width}");
        ensure!(
            longest.starts_with(&bundles[width]),
            "the bundle of width {width}"
        );
    }
    let mut checkpoints = 0;
    for path in all_files(&folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !name.starts_with("checkpoint") {
            continue;
        }
        let text = std::fs::read_to_string(&path)?;
        let mut lines = text.lines().skip(1);
        let size: usize = lines.next().context("a size")?.parse()?;
        let root = hash(lines.next().context("a root")?).context("32 bytes")?;
        ensure!(trees.get(size) == Some(&root), "{name}");
        if let Some(number) = name.strip_prefix("checkpoint.") {
            ensure!(number.parse::<usize>()? == size, "{name}");
        }
        checkpoints += 1;
    }
    paths_hold(&nodes, &trees)?;
    let pairs = (trees.len() - 1) * trees.len() / 2;
    println!(
        "tile log: {} entries, {} tiles, {} bundles, {checkpoints} checkpoints, {pairs} pairs of sizes",
        longest.len(),
        tiles.len(),
        bundles.len()
    );
    ensure!(checkpoints >= 16 && tiles.len() == 15 && bundles.len() == 15);
    Ok(())
}

fn all_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        match path.is_dir() {
            true => found.extend(all_files(&path)?),
            false => found.push(path),
        }
    }
    Ok(found)
}

/// The entries of a bundle, each led by its length in two bytes (C2SP tlog-tiles).
fn entries(mut bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
    let mut entries = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, rest) = rest.split_at_checked(length).context("a whole entry")?;
        entries.push(entry.to_vec());
        bytes = rest;
    }
    ensure!(bytes.is_empty(), "bytes behind the last entry");
    Ok(entries)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wycheproof {
    number_of_tests: usize,
    test_groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    public_key: Key,
    tests: Vec<Case>,
}

#[derive(Deserialize)]
struct Key {
    pk: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    tc_id: u32,
    comment: String,
    flags: Vec<String>,
    msg: String,
    sig: String,
    result: String,
}

/// Whether a signature verifies; one that is not of 64 bytes is none.
fn verifies(key: &str, message: &str, signature: &str) -> Result<bool> {
    let key = PublicKey::try_from(&hex::decode(key)?[..])?;
    let message = hex::decode(message)?;
    Ok(match Signature::try_from(&hex::decode(signature)?[..]) {
        Ok(signature) => SUITE.verify(&key, &message, &signature).is_ok(),
        Err(_) => false,
    })
}

/// Every test of Wycheproof, by the one rule of all validators. Its result "acceptable" would mean that
/// implementations may differ: there the strict rule refuses, and the test says how many there were.
#[test]
fn wycheproof_and_this_suite_agree_on_every_signature() -> Result<()> {
    let Some(folder) = corpus("wycheproof") else {
        return Ok(());
    };
    let is_it = |path: &PathBuf| path.file_name().is_some_and(|is| is == "ed25519_test.json");
    let path = files(&folder, "json")?.into_iter().find(is_it);
    let text = std::fs::read(path.context("ed25519_test.json")?)?;
    let vectors: Wycheproof = serde_json::from_slice(&text)?;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for group in &vectors.test_groups {
        for case in &group.tests {
            let taken = verifies(&group.public_key.pk, &case.msg, &case.sig)?;
            let expected = case.result == "valid";
            let said = format!("{} {} {:?}", case.tc_id, case.comment, case.flags);
            ensure!(taken == expected, "{said}: taken {taken}, {}", case.result);
            *counts.entry(&case.result).or_default() += 1;
        }
    }
    println!(
        "Wycheproof: {counts:?} in {} groups",
        vectors.test_groups.len()
    );
    ensure!(counts.values().sum::<usize>() == vectors.number_of_tests);
    ensure!(
        !counts.contains_key("acceptable"),
        "say where the rule is stricter"
    );
    Ok(())
}

/// Known signatures for a machine without those files: RFC 8032, section 7.1, tests 1 to 3, and what is made of
/// the second by adding the order of the group to its S.
#[test]
fn the_signatures_of_rfc_8032() -> Result<()> {
    let good = [
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155\
             5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
             18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ];
    for (key, message, signature) in good {
        ensure!(verifies(key, message, signature)?, "{key}");
        ensure!(!verifies(key, "73", signature)?, "another message");
        let short = &signature[..signature.len() - 2];
        ensure!(!verifies(key, message, short)?, "truncated");
    }
    let (key, message, _) = good[1];
    let malleated = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                     f52db7415978abc61b2c2eb6aeebfca0387b2eaeb4302aeeb00d291612bb0c10";
    ensure!(!verifies(key, message, malleated)?, "S + L");
    Ok(())
}
