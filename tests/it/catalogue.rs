//! The catalogue of a network: every line of it proven, to whoever asks and however he asks.

use crate::network::{record_key, registers, World};
use anyhow::{ensure, Context, Result};
use hefu_proof::certificate::Value;
use hefu_proof::StatusCertificate;
use hefu_tests::network::{agent, licence};
use hefu_tests::Devnet;
use hefu_types::genesis::Region;
use hefu_types::leaf::Holder;
use hefu_types::operation::CouncilChange;
use hefu_types::{key, EntryIndex, Millis, StateKey};
use hefu_wire::catalogue::{Entry, Part};
use hefu_wire::{path, OutcomeAnswer, Problem, SignedCount};
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// What a node answers, whatever the status.
fn asked(devnet: &Devnet, path: &str) -> Result<(u16, Option<String>, String)> {
    let mut answer = agent().get(format!("{}{path}", devnet.url(0))).call()?;
    let link = answer.headers().get("link").map(|link| link.to_str());
    let link = link.transpose()?.map(str::to_owned);
    let status = answer.status().as_u16();
    Ok((status, link, answer.body_mut().read_to_string()?))
}

/// Reads a part to its end, so many lines a page, and checks every page.
fn pages(
    devnet: &Devnet,
    part: Part,
    holder: Option<&Holder>,
    limit: usize,
) -> Result<Vec<(StateKey, Entry)>> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let path = path::catalogue(part, holder, after.as_ref());
        let bytes = devnet.get(0, &format!("{path}&limit={limit}"))?;
        let certificate = StatusCertificate::decode(&bytes)?;
        let state = certificate.verify(&devnet.network)?;
        ensure!(
            certificate.leaves.len() <= limit,
            "{path}: a page is too long"
        );
        let mut page = Vec::new();
        for (at, value) in state.values() {
            let Value::Leaf(bytes) = value else {
                anyhow::bail!("{part}: {at} is no leaf");
            };
            let entry = Entry::read(devnet.network.suite(), at, bytes);
            let entry = entry.with_context(|| format!("{part}: {at} is of no kind"))?;
            ensure!(entry.part() == part.source(), "{part}: {entry:?}");
            ensure!(after.is_none_or(|after| *at > after), "{part}: {at} again");
            page.push((*at, entry));
        }
        match page.last() {
            Some((last, _)) => after = Some(*last),
            None => return Ok(all),
        }
        all.extend(page);
    }
}

#[test]
fn every_line_is_proven_page_by_page() -> Result<()> {
    let world = World::start()?;
    let devnet = &world.devnet;
    let (suite, genesis) = (devnet.network.suite(), devnet.network.genesis());
    let check = |part: Part, keys: BTreeSet<StateKey>| -> Result<()> {
        for limit in [1, 3, 1_000] {
            let found = pages(devnet, part, None, limit)?;
            let found: BTreeSet<StateKey> = found.into_iter().map(|(at, _)| at).collect();
            ensure!(found == keys, "{part}, {limit} a page: {found:?}");
        }
        Ok(())
    };
    let of = |keys: &mut dyn Iterator<Item = StateKey>| keys.collect::<BTreeSet<StateKey>>();
    let agencies = genesis.agencies.iter();
    check(
        Part::Agencies,
        of(&mut agencies.map(|a| key::agency(suite, &a.id))),
    )?;
    let types = genesis.types.iter();
    check(
        Part::Facts,
        of(&mut types.map(|t| key::document_type(suite, &t.id))),
    )?;
    let regions = genesis.regions.iter();
    check(
        Part::Regions,
        of(&mut regions.map(|r| key::region(suite, &r.id))),
    )?;
    let registrars = genesis.registrars.iter();
    check(
        Part::Registrars,
        of(&mut registrars.map(|r| key::registrar(suite, &r.id))),
    )?;
    let rules = genesis.recognition.iter();
    let rule_key = |r: &hefu_types::leaf::RecognitionRule| {
        key::recognition(suite, &r.by, &r.document_type, &r.of)
    };
    check(Part::Recognition, of(&mut rules.map(rule_key)))?;
    check(Part::Council, BTreeSet::from([key::council(suite)]))?;
    let rules = [key::rules(suite), key::parameters(suite)];
    check(Part::Rules, BTreeSet::from(rules))?;
    let set = [key::set_current(suite), key::set(suite, 0)];
    check(Part::Validators, BTreeSet::from(set))?;
    // Keys are listed of one holder, and of nobody else.
    for agency in &genesis.agencies {
        let found = pages(
            devnet,
            Part::Keys,
            Some(&Holder::Agency(agency.id.clone())),
            1,
        )?;
        let at = key::public_key(suite, &suite.key_id(&agency.key.key));
        ensure!(
            found.len() == 1 && found[0].0 == at,
            "{}: {found:?}",
            agency.id
        );
    }
    let validator = Holder::Validator(genesis.validators[0].name.clone());
    ensure!(pages(devnet, Part::Keys, Some(&validator), 3)?.len() == 4);
    let nobody = Holder::Agency("nobody".into());
    ensure!(pages(devnet, Part::Keys, Some(&nobody), 3)?.is_empty());

    // What the council adds and changes stands in the next page that anybody asks for.
    let region = Region {
        id: "yunnan".to_owned(),
        name_zh: "云南省".to_owned(),
        name_en: "Yunnan".to_owned(),
    };
    let mut permit = genesis
        .types
        .iter()
        .find(|of| of.id == "work-permit")
        .cloned();
    let permit = permit.as_mut().context("a work permit")?;
    permit.name_en = "Permit to work".to_owned();
    let act = devnet.govern(vec![
        CouncilChange::SetRegion(region.clone()),
        CouncilChange::SetType(permit.clone()),
    ])?;
    let answer = devnet.submit(0, &devnet.sign("agency-gz-housing", &[act])?)?;
    ensure!(answer.outcomes == [OutcomeAnswer::Accepted], "{answer:?}");
    let found = pages(devnet, Part::Regions, None, 2)?;
    ensure!(found.len() == genesis.regions.len() + 1, "{found:?}");
    let is_new = |(_, entry): &(StateKey, Entry)| matches!(entry, Entry::Region(leaf) if leaf.region == region);
    ensure!(found.iter().any(is_new), "{found:?}");
    let found = pages(devnet, Part::Types, None, 5)?;
    let is_changed = |(_, entry): &(StateKey, Entry)| matches!(entry, Entry::Type(leaf) if leaf.rules == *permit);
    ensure!(found.len() == genesis.types.len() && found.iter().any(is_changed));
    let health = devnet.health(0)?;
    ensure!(health.rules.version == genesis.rules_version, "{health:?}");
    ensure!(
        health.rules.next.is_none() && health.waiting.is_none(),
        "{health:?}"
    );
    ensure!(health.rules.newest_known == *hefu_state::KNOWN_RULES.end());

    // The same lines for people, and where there are more of them.
    let (status, link, body) = asked(devnet, "/v1/catalogue?part=entitlements&as=json&limit=2")?;
    let json: Json = serde_json::from_str(&body)?;
    let next = json["next"].as_str().context("there are more")?;
    ensure!(status == 200 && json["proven"] == false, "{body}");
    let link = link.context("a link to the next page")?;
    ensure!(link.contains(next) && link.contains("&as=json"), "{link}");
    ensure!(json["lines"][0]["legal_basis"].is_string(), "{body}");
    let (_, link, csv) = asked(devnet, "/v1/catalogue?part=recognition&as=csv&lang=zh")?;
    ensure!(link.is_none(), "all rules fit on a page");
    ensure!(csv.contains("等级 为 一级或二级或A"), "{csv}");
    ensure!(
        csv.lines().count() == genesis.recognition.len() + 1,
        "{csv}"
    );
    Ok(())
}

#[test]
fn what_nobody_should_ask_is_refused_with_a_sentence() -> Result<()> {
    let world = World::start()?;
    let devnet = &world.devnet;
    let suite = devnet.network.suite();
    devnet.submit(0, &devnet.sign("agency-gz-housing", &registers(0..1))?)?;
    let check = |path: &str, status: u16, says: &str| -> Result<()> {
        let (found, _, body) = asked(devnet, path)?;
        let problem: Problem = serde_json::from_str(&body).with_context(|| body.clone())?;
        let detail = problem.detail.unwrap_or_default();
        ensure!(
            found == status && detail.contains(says),
            "{path}: {found} {body}"
        );
        Ok(())
    };
    let catalogue = |query: &str, says: &str| check(&format!("/v1/catalogue{query}"), 400, says);
    catalogue("", "say which part")?;
    catalogue("?part=members", "there is no such part")?;
    catalogue("?part=types&limit=0", "1 to 1000")?;
    catalogue("?part=types&limit=1001", "1 to 1000")?;
    catalogue("?part=types&limit=99999999999999999999999", "limit")?;
    catalogue("?part=types&limit=-1", "limit")?;
    catalogue("?part=types&after=abc", "after")?;
    catalogue(&format!("?part=types&after={}", "f".repeat(65)), "after")?;
    catalogue("?part=types&as=xml", "cbor, json or csv")?;
    catalogue("?part=types&as=csv&lang=fr", "zh or en")?;
    catalogue("?part=keys", "of one holder")?;
    catalogue("?part=types&holder=agency:gd-tax", "of one holder")?;
    catalogue("?part=keys&holder=gd-tax", "agency:ID")?;
    // Behind the last key there is nothing, whatever key it is.
    let empty = devnet.get(
        0,
        &format!("/v1/catalogue?part=types&after={}", "ff".repeat(32)),
    )?;
    ensure!(StatusCertificate::decode(&empty)?.leaves.is_empty());

    let record = record_key(&devnet.network, &licence(0));
    check(
        &path::leaf(&record),
        404,
        &path::record(&record, path::Beside::default()),
    )?;
    check("/v1/leaf/00", 400, "the leaf's key")?;
    for (at, is_there) in [
        (key::agency(suite, "gd-tax"), true),
        (key::clock(suite), true),
        (key::digest(suite, &licence(0).digests[0]), true),
        (key::agency(suite, "nobody"), false),
        (key::digest(suite, &licence(9).digests[0]), false),
    ] {
        let certificate = StatusCertificate::decode(&devnet.get(0, &path::leaf(&at))?)?;
        let state = certificate.verify(&devnet.network)?;
        let found = matches!(state.value(&at), Some(Value::Leaf(_)));
        ensure!(found == is_there, "{at}");
    }

    let of_key = |query: &str| format!("/v1/keys/{}/signed{query}", "11".repeat(32));
    check(&of_key(""), 400, "since")?;
    check(&of_key("?since=yesterday"), 400, "since")?;
    check(&of_key("?since=0&from=-1"), 400, "from")?;
    check(&of_key("?since=0"), 404, "no key of this id")?;
    check("/v1/keys/zz/signed?since=0", 400, "the key's id")
}

#[test]
fn what_a_key_signed_is_counted() -> Result<()> {
    let world = World::start()?;
    let devnet = &world.devnet;
    let (secret, _) = devnet.secret("agency-gz-housing")?;
    let id = devnet.network.suite().key_id(&secret.public_key());
    let count = |since: u64, from: Option<EntryIndex>| -> Result<SignedCount> {
        let bytes = devnet.get(0, &path::signed(&id, Millis(since), from))?;
        Ok(serde_json::from_slice(&bytes)?)
    };
    ensure!(count(0, None)? == SignedCount::default());
    let submit = |numbers| -> Result<_> {
        devnet.submit(0, &devnet.sign("agency-gz-housing", &registers(numbers))?)
    };
    submit(0..3)?;
    // Refused whole: the documents are registered already.
    submit(0..2)?;
    let between = count(0, None)?;
    ensure!(
        (between.statements, between.registered, between.other) == (1, 3, 0),
        "{between:?}"
    );
    let last = submit(2..7)?;
    let all = count(0, None)?;
    ensure!(
        (all.statements, all.registered, all.other) == (2, 7, 0),
        "{all:?}"
    );
    let (first_at, last_at) = (all.first_at.context("first")?, all.last_at.context("last")?);
    ensure!(first_at < last_at && between.last_at == Some(first_at));
    // From the second block on, by its time and by its entry.
    let later = count(last_at.0, None)?;
    ensure!((later.statements, later.registered) == (1, 4), "{later:?}");
    ensure!(count(0, last.entry)? == later);
    ensure!(count(last_at.0 + 1, None)? == SignedCount::default());
    ensure!(count(0, Some(EntryIndex(u64::MAX)))? == SignedCount::default());
    Ok(())
}

#[test]
fn the_catalogue_is_read_kept_and_checked_again() -> Result<()> {
    let world = World::start()?;
    let devnet = &world.devnet;
    let folder = tempfile::tempdir()?;
    let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
    let network = text(&devnet.network_file());
    let hefu = |words: &[&str], exit: i32| -> Result<String> {
        let output = devnet.client(&[words, &["--network", &network]].concat())?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said)?;
        ensure!(output.status.code() == Some(exit), "{words:?}: {said}");
        Ok(said)
    };
    let genesis = devnet.network.genesis();
    let kept = text(&folder.path().join("network.catalogue"));
    let said = hefu(&["catalogue", "--save", &kept], 0)?;
    for (what, count) in [
        ("Document types", genesis.types.len()),
        ("Agencies", genesis.agencies.len()),
        ("Rules of recognition", genesis.recognition.len()),
    ] {
        ensure!(said.contains(&format!("{what} ({count})")), "{said}");
    }
    ensure!(said.contains("every line is proven"), "{said}");
    let json: Json = serde_json::from_str(&hefu(&["catalogue", "--json", "--from", &kept], 0)?)?;
    let lines = |part: &str| json["parts"][part].as_array().map_or(0, Vec::len);
    ensure!(lines("types") == genesis.types.len());
    ensure!(lines("regions") == genesis.regions.len());
    let entitlements = genesis
        .agencies
        .iter()
        .map(|agency| agency.entitlements.len());
    ensure!(lines("entitlements") == entitlements.sum::<usize>());
    ensure!(lines("council") == genesis.council.seats.len());
    ensure!(lines("validators") == 4);
    // One byte of what was kept is another.
    let mut bytes = std::fs::read(&kept)?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let broken = text(&folder.path().join("broken.catalogue"));
    std::fs::write(&broken, bytes)?;
    hefu(&["catalogue", "--from", &broken], 2)?;
    let types = text(&folder.path().join("types.catalogue"));
    hefu(&["catalogue", "--part", "types", "--save", &types], 0)?;
    let said = hefu(&["catalogue", "--part", "agencies", "--from", &types], 2)?;
    ensure!(said.contains("does not hold agencies"), "{said}");

    let csv = hefu(
        &["catalogue", "--part", "facts", "--csv", "--lang", "zh"],
        0,
    )?;
    ensure!(csv.starts_with("\u{feff}类型,要素,"), "{csv}");
    ensure!(csv.contains("licence,grade,等级,Grade,公开,"), "{csv}");
    let keys = hefu(
        &["catalogue", "--part", "keys", "--holder", "agency:gd-tax"],
        0,
    )?;
    ensure!(
        keys.contains("Keys (1)") && keys.contains("operational"),
        "{keys}"
    );

    let json: Json =
        serde_json::from_str(&hefu(&["recognition", "--type", "licence", "--json"], 0)?)?;
    let matrix = &json["types"][0]["recognises"];
    for (by, of, answer) in [
        ("shanghai", "guizhou", "recognised"),
        ("guangdong", "guizhou", "conditional"),
        ("zhejiang", "guizhou", "not-recognised"),
        ("shanghai", "guangdong", "no-rule"),
    ] {
        ensure!(matrix[by][of] == answer, "{by} {of}: {json}");
    }
    let csv = hefu(&["recognition", "--type", "licence", "--csv"], 0)?;
    ensure!(csv.contains("licence,guangdong,—,on conditions,"), "{csv}");
    hefu(&["recognition", "--type", "poem"], 2)?;
    Ok(())
}
