//! Tidy: the workspace is what ARCHITECTURE.md says it is.
//!
//! Every rule is a pure function from data to a list of faults, each a sentence with its place. Beside each rule stand
//! two kinds of test: one feeds it this workspace and wants no fault, one feeds it made-up violations and wants them
//! all. What is scanned as source is scanned without comments and strings, so that this file may talk about what it
//! forbids.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

// --- The rules as data --------------------------------------------------------------------------------------------

/// Which crates of the workspace each crate may build on. Tests may build on all.
const ARROWS: &[(&str, &[&str])] = &[
    ("hefu-types", &[]),
    ("hefu-proof", &["hefu-types"]),
    ("hefu-formats", &["hefu-types"]),
    ("hefu-state", &["hefu-types", "hefu-proof"]),
    ("hefu-wire", &["hefu-types", "hefu-proof"]),
    (
        "hefu-audit",
        &["hefu-types", "hefu-proof", "hefu-state", "hefu-wire"],
    ),
    ("hefu-store", &["hefu-types", "hefu-proof", "hefu-state"]),
    ("hefu-engine", &["hefu-types"]),
    (
        "hefu-node",
        &[
            "hefu-types",
            "hefu-proof",
            "hefu-state",
            "hefu-formats",
            "hefu-wire",
            "hefu-store",
            "hefu-engine",
        ],
    ),
    (
        "hefu-wasm",
        &["hefu-types", "hefu-proof", "hefu-wire", "hefu-formats"],
    ),
    // Never the state: who only checks must not be able to run the rules by accident. An auditor runs
    // them on purpose, behind a crate of its own.
    (
        "hefu",
        &[
            "hefu-types",
            "hefu-proof",
            "hefu-wire",
            "hefu-formats",
            "hefu-audit",
        ],
    ),
];

const TESTS: &str = "hefu-tests";

/// The crates without clock, disk, socket or thread.
const PURE: &[&str] = &[
    "hefu-types",
    "hefu-proof",
    "hefu-state",
    "hefu-formats",
    "hefu-wire",
    "hefu-audit",
];

/// A crate from outside (a trailing star stands for any ending) and the only members that may name it.
const OWNED: &[(&str, &[&str])] = &[
    ("arc-malachitebft*", &["hefu-engine"]),
    ("rocksdb", &["hefu-store"]),
    ("librocksdb-sys", &["hefu-store"]),
    ("axum*", &["hefu-node", "hefu", TESTS]),
    ("tower-http", &["hefu-node", "hefu", TESTS]),
    ("ureq", &["hefu-node", "hefu", TESTS]),
    ("hyper*", &["hefu-node", "hefu", TESTS]),
    ("reqwest", &["hefu-node", "hefu", TESTS]),
    ("wasm-bindgen*", &["hefu-wasm"]),
    ("js-sys", &["hefu-wasm"]),
];

/// What a pure crate neither names nor reaches through what it names.
const SHELL: &[&str] = &[
    "arc-malachitebft*",
    "axum*",
    "async-std",
    "hyper",
    "libp2p*",
    "librocksdb-sys",
    "mio",
    "reqwest",
    "rocksdb",
    "socket2",
    "tokio",
    "tower-http",
    "ureq",
];

/// Features by which a crate of random numbers asks the operating system.
const OS_RANDOM_FEATURES: &[&str] = &[
    "std",
    "std_rng",
    "os_rng",
    "sys_rng",
    "getrandom",
    "thread_rng",
];

/// Paths that a pure crate's source does not name; a path stands for all below it.
const IMPURE_PATHS: &[&str] = &[
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
];

/// Steps of a path, in this order, that mean a clock or the system's randomness wherever they come from.
const IMPURE_STEPS: &[&[&str]] = &[
    &["SystemTime"],
    &["Utc", "now"],
    &["Local", "now"],
    &["OsRng"],
    &["ThreadRng"],
    &["thread_rng"],
    &["from_entropy"],
    &["from_os_rng"],
    &["getrandom"],
];

/// A test waits for the event, with a deadline.
const SLEEPS: &[&[&str]] = &[
    &["thread", "sleep"],
    &["thread", "sleep_ms"],
    &["thread", "sleep_until"],
    &["time", "sleep"],
    &["time", "sleep_until"],
];

/// Marks of unfinished work, spelt in halves so that this file does not contain them.
const UNFINISHED: &[&str] = &[
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("FIX", "ME"),
];

/// The folders in which a developer's machine keeps things; after the last one a name must follow.
const MACHINE_FOLDERS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
];

// --- Arrows between crates ----------------------------------------------------------------------------------------

struct Member {
    name: String,
    dependencies: Vec<Dependency>,
}

struct Dependency {
    name: String,
    kind: DependencyKind,
    default_features: bool,
    features: Vec<String>,
    /// Only where the program runs in a browser.
    in_browser: bool,
}

/// `pattern` is a name, or the beginning of one and a star.
fn names(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

fn arrow_faults(members: &[Member]) -> Vec<String> {
    let ours: BTreeSet<&str> = members.iter().map(|m| m.name.as_str()).collect();
    let mut faults = Vec::new();
    for member in members.iter().filter(|m| m.name != TESTS) {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == member.name) else {
            faults.push(format!("{} has no place among the arrows", member.name));
            continue;
        };
        for dependency in &member.dependencies {
            let name = dependency.name.as_str();
            if name == TESTS {
                faults.push(format!("{} depends on the tests", member.name));
            } else if ours.contains(name)
                && dependency.kind != DependencyKind::Development
                && !allowed.contains(&name)
            {
                faults.push(format!("{} must not build on {name}", member.name));
            }
        }
    }
    faults
}

fn owner_faults(members: &[Member]) -> Vec<String> {
    let mut faults = Vec::new();
    for member in members {
        for dependency in &member.dependencies {
            for (pattern, owners) in OWNED {
                if names(pattern, &dependency.name) && !owners.contains(&member.name.as_str()) {
                    faults.push(format!("{} names {}", member.name, dependency.name));
                }
            }
        }
    }
    faults
}

/// What the manifests of the pure crates name.
fn purity_faults(members: &[Member]) -> Vec<String> {
    let mut faults = Vec::new();
    for member in members.iter().filter(|m| PURE.contains(&m.name.as_str())) {
        for dependency in &member.dependencies {
            if dependency.kind == DependencyKind::Development {
                continue;
            }
            let name = dependency.name.as_str();
            // Crates of others ask for it in a browser, where it must be told what to build on; that
            // none of ours calls it is seen in the sources.
            if name == "getrandom" && dependency.in_browser {
                continue;
            }
            if name == "getrandom" || SHELL.iter().any(|pattern| names(pattern, name)) {
                faults.push(format!("{} is pure and names {name}", member.name));
            }
            if name == "rand" && dependency.default_features {
                faults.push(format!("{} is pure and takes rand's defaults", member.name));
            }
            if matches!(name, "rand" | "rand_core") {
                for feature in &dependency.features {
                    if OS_RANDOM_FEATURES.contains(&feature.as_str()) {
                        faults.push(format!(
                            "{} is pure and takes {name}/{feature}",
                            member.name
                        ));
                    }
                }
            }
        }
    }
    faults
}

/// What the pure crates reach through what they name. `graph`: from a crate to those that are compiled into it.
fn reach_faults(graph: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut faults = Vec::new();
    for pure in PURE {
        let mut reached_from: BTreeMap<&str, &str> = BTreeMap::new();
        let mut queue = VecDeque::from([*pure]);
        while let Some(name) = queue.pop_front() {
            for next in graph.get(name).into_iter().flatten() {
                if !reached_from.contains_key(next.as_str()) {
                    reached_from.insert(next, name);
                    queue.push_back(next);
                }
            }
        }
        for (name, through) in &reached_from {
            if SHELL.iter().any(|pattern| names(pattern, name)) {
                faults.push(format!(
                    "{pure} is pure and reaches {name} through {through}"
                ));
            }
        }
    }
    faults
}

// --- Manifests ----------------------------------------------------------------------------------------------------

/// A manifest of ours flattened to (table, key, value). Enough of TOML for manifests: comments, quoted keys and values,
/// arrays and inline tables over several lines.
fn manifest_entries(text: &str) -> Vec<(String, String, String)> {
    let mut entries = Vec::new();
    let mut table = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let mut line = without_toml_comment(line).trim().to_owned();
        while open_brackets(&line) > 0 {
            let Some(more) = lines.next() else { break };
            line.push(' ');
            line.push_str(without_toml_comment(more).trim());
        }
        match line.split_once('=') {
            _ if line.starts_with('[') => {
                table = line.trim_matches(['[', ']']).trim().to_owned();
            }
            Some((key, value)) => {
                let key = key.trim().replace('"', "");
                entries.push((table.clone(), key, value.trim().to_owned()));
            }
            None => {}
        }
    }
    entries
}

fn without_toml_comment(line: &str) -> &str {
    let mut quote = None;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '#') => return &line[..at],
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
    }
    line
}

fn open_brackets(line: &str) -> i32 {
    let mut quote = None;
    let mut open = 0;
    for c in line.chars() {
        match (quote, c) {
            (None, '[' | '{') => open += 1,
            (None, ']' | '}') => open -= 1,
            (None, '"' | '\'') => quote = Some(c),
            (Some(q), _) if q == c => quote = None,
            _ => {}
        }
    }
    open
}

/// The keys of an inline table, or none where the value is something else.
fn inline_entries(value: &str) -> Option<Vec<(String, String)>> {
    let inner = value.strip_prefix('{')?.strip_suffix('}')?;
    let mut entries = Vec::new();
    let mut rest = String::new();
    for piece in inner.split(',') {
        rest.push_str(piece);
        if open_brackets(&rest) > 0 {
            rest.push(',');
            continue;
        }
        if let Some((key, value)) = rest.split_once('=') {
            entries.push((key.trim().to_owned(), value.trim().to_owned()));
        }
        rest.clear();
    }
    Some(entries)
}

/// A table of dependencies; with the one dependency that a table of its own (`[dependencies.x]`) is about.
fn dependency_table(table: &str) -> Option<Option<&str>> {
    for kind in ["dev-dependencies", "build-dependencies", "dependencies"] {
        if table == kind || table.ends_with(&format!(".{kind}")) {
            return Some(None);
        }
        let start = format!("{kind}.");
        if let Some(name) = table.strip_prefix(&start) {
            return Some(Some(name));
        }
        if let Some((_, name)) = table.split_once(&format!(".{start}")) {
            return Some(Some(name));
        }
    }
    None
}

/// A member takes its lints, its version and the versions of all dependencies from the root.
fn manifest_faults(path: &str, text: &str) -> Vec<String> {
    let entries = manifest_entries(text);
    let mut faults = Vec::new();
    let says = |table: &str, key: &str, value: &str| {
        entries.iter().any(|(t, k, v)| {
            v == value && (t == table && k == key || t.is_empty() && *k == format!("{table}.{key}"))
        })
    };
    if !says("lints", "workspace", "true") {
        faults.push(format!("{path}: lints are not the workspace's"));
    }
    for key in ["version", "rust-version", "edition"] {
        if !says("package", &format!("{key}.workspace"), "true") {
            faults.push(format!("{path}: {key} is not the workspace's"));
        }
    }
    let mut attributes: BTreeMap<(String, String), Vec<(String, String)>> = BTreeMap::new();
    for (table, key, value) in &entries {
        let Some(of_one) = dependency_table(table) else {
            continue;
        };
        let (name, attribute) = match (of_one, key.split_once('.')) {
            (Some(name), _) => (name, Some(key.as_str())),
            (None, Some((name, attribute))) => (name, Some(attribute)),
            (None, None) => (key.as_str(), None),
        };
        let known = attributes
            .entry((table.clone(), name.to_owned()))
            .or_default();
        match (attribute, inline_entries(value)) {
            (Some(attribute), _) => known.push((attribute.to_owned(), value.clone())),
            (None, Some(inline)) => known.extend(inline),
            (None, None) => known.push(("version".to_owned(), value.clone())),
        }
    }
    for ((_, name), attributes) in &attributes {
        if !attributes.contains(&("workspace".to_owned(), "true".to_owned())) {
            faults.push(format!("{path}: {name} is not the workspace's"));
        }
        for (attribute, _) in attributes {
            if matches!(
                attribute.as_str(),
                "version" | "path" | "git" | "branch" | "tag" | "rev" | "registry"
            ) {
                faults.push(format!("{path}: {name} gives its own {attribute}"));
            }
        }
    }
    faults
}

// --- Source as tokens ---------------------------------------------------------------------------------------------

/// The source with comments, strings and characters blanked; as long as the source, lines where they were.
fn blanked(source: &str) -> Vec<char> {
    let source: Vec<char> = source.chars().collect();
    let mut out = source.clone();
    let at = |i: usize| source.get(i).copied().unwrap_or('\0');
    let mut i = 0;
    while i < source.len() {
        let start = i;
        let in_word = i > 0 && (at(i - 1).is_alphanumeric() || at(i - 1) == '_');
        if at(i) == '/' && at(i + 1) == '/' {
            while i < source.len() && at(i) != '\n' {
                i += 1;
            }
        } else if at(i) == '/' && at(i + 1) == '*' {
            let mut depth = 0;
            while i < source.len() {
                if at(i) == '/' && at(i + 1) == '*' {
                    depth += 1;
                    i += 2;
                } else if at(i) == '*' && at(i + 1) == '/' {
                    depth -= 1;
                    i += 2;
                    if depth == 0 {
                        break;
                    }
                } else {
                    i += 1;
                }
            }
        } else if let Some((quote, hashes)) = raw_string(&source, i).filter(|_| !in_word) {
            i = quote + 1;
            while i < source.len() {
                if at(i) == '"' && (1..=hashes).all(|n| at(i + n) == '#') {
                    i += 1 + hashes;
                    break;
                }
                i += 1;
            }
        } else if at(i) == '"' {
            i += 1;
            while i < source.len() && at(i) != '"' {
                i += if at(i) == '\\' { 2 } else { 1 };
            }
            i += 1;
        } else if at(i) == '\'' && at(i + 1) == '\\' {
            i += 3;
            while i < source.len() && at(i) != '\'' {
                i += 1;
            }
            i += 1;
        } else if at(i) == '\'' && at(i + 2) == '\'' {
            i += 3;
        } else {
            i += 1;
            continue;
        }
        for c in &mut out[start..i.min(source.len())] {
            if *c != '\n' {
                *c = ' ';
            }
        }
    }
    out
}

/// Where a raw string begins at `i`: its opening quote and the number of hashes before it.
fn raw_string(source: &[char], i: usize) -> Option<(usize, usize)> {
    let mut quote = i;
    if matches!(source.get(quote), Some('b' | 'c')) {
        quote += 1;
    }
    if source.get(quote) != Some(&'r') {
        return None;
    }
    quote += 1;
    let first_hash = quote;
    while source.get(quote) == Some(&'#') {
        quote += 1;
    }
    (source.get(quote) == Some(&'"')).then_some((quote, quote - first_hash))
}

#[derive(Debug, PartialEq)]
struct Token {
    at: usize,
    /// A word, `::`, or one character.
    text: String,
}

fn tokens(code: &[char]) -> Vec<Token> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut tokens = Vec::new();
    let mut i = 0;
    while i < code.len() {
        let at = i;
        if is_word(code[i]) {
            while i < code.len() && is_word(code[i]) {
                i += 1;
            }
        } else if code[i] == ':' && code.get(i + 1) == Some(&':') {
            i += 2;
        } else {
            i += 1;
        }
        if !code[at].is_whitespace() {
            let text = code[at..i].iter().collect();
            tokens.push(Token { at, text });
        }
    }
    tokens
}

fn is_word(token: &Token) -> bool {
    token
        .text
        .starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// All paths that the code spells, those in braces written out.
fn paths(tokens: &[Token]) -> Vec<(usize, Vec<&str>)> {
    let mut found = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        if is_word(&tokens[i]) {
            i = path_tree(tokens, i, &[], &mut found);
        } else {
            i += 1;
        }
    }
    found
}

/// Reads the path, or tree of paths, that begins at `i`, and returns where it ends.
fn path_tree<'a>(
    tokens: &'a [Token],
    mut i: usize,
    prefix: &[&'a str],
    found: &mut Vec<(usize, Vec<&'a str>)>,
) -> usize {
    let text = |i: usize| tokens.get(i).map_or("", |t| t.text.as_str());
    let at = tokens[i].at;
    let mut path = prefix.to_vec();
    loop {
        match text(i) {
            "{" => {
                i += 1;
                while i < tokens.len() && text(i) != "}" {
                    if is_word(&tokens[i]) || matches!(text(i), "{" | "*") {
                        i = path_tree(tokens, i, &path, found);
                    }
                    // An alias, or what this reader does not understand: on to the next branch.
                    while i < tokens.len() && !matches!(text(i), "," | "}") {
                        i += 1;
                    }
                    if text(i) == "," {
                        i += 1;
                    }
                }
                return i + 1;
            }
            "self" if !path.is_empty() => {}
            step => path.push(step),
        }
        i += 1;
        let goes_on = text(i) == "::"
            && (matches!(text(i + 1), "{" | "*") || tokens.get(i + 1).is_some_and(is_word));
        if !goes_on {
            found.push((at, path));
            return i;
        }
        i += 1;
    }
}

/// The code outside of what only tests compile, that inside, and the names of test modules in files of their own.
fn split_tests(code: &[char]) -> (Vec<char>, Vec<char>, Vec<String>) {
    let tokens = tokens(code);
    let text = |i: usize| tokens.get(i).map_or("", |t| t.text.as_str());
    let starts = |i: usize, sequence: &[&str]| (0..).zip(sequence).all(|(n, s)| text(i + n) == *s);
    let blank = |c: char| if c == '\n' { c } else { ' ' };
    let mut product = code.to_vec();
    let mut tests: Vec<char> = code.iter().map(|c| blank(*c)).collect();
    let mut modules = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        let inner = starts(i, &["#", "!", "[", "cfg", "(", "test", ")", "]"]);
        let outer = starts(i, &["#", "[", "cfg", "(", "test", ")", "]"])
            || starts(i, &["#", "[", "cfg", "(", "all", "(", "test", ","])
            || starts(i, &["#", "[", "test", "]"]);
        if !inner && !outer {
            i += 1;
            continue;
        }
        let start = tokens[i].at;
        let mut end = code.len();
        // The attributes, then the item up to its `;` or the brace that closes it.
        while !inner && text(i) == "#" {
            let mut depth = 0;
            i += 1;
            while i < tokens.len() {
                match text(i) {
                    "[" => depth += 1,
                    "]" => depth -= 1,
                    _ => {}
                }
                i += 1;
                if depth == 0 {
                    break;
                }
            }
        }
        let module = (i..i + 5).find(|n| text(*n) == "mod");
        if let Some(name) = module.filter(|n| !inner && text(n + 2) == ";") {
            modules.push(text(name + 1).to_owned());
        }
        let mut depth = 0;
        while !inner && i < tokens.len() {
            match text(i) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                _ => {}
            }
            let last = depth == 0 && matches!(text(i), ";" | "}");
            i += 1;
            if last {
                end = tokens[i - 1].at + 1;
                break;
            }
        }
        for at in start..end {
            tests[at] = code[at];
            product[at] = blank(code[at]);
        }
        if inner {
            break;
        }
    }
    (product, tests, modules)
}

fn line_of(code: &[char], at: usize) -> usize {
    1 + code[..at].iter().filter(|c| **c == '\n').count()
}

fn has_steps(path: &[&str], steps: &[&str]) -> bool {
    path.windows(steps.len()).any(|window| window == steps)
}

// --- Source -------------------------------------------------------------------------------------------------------

/// A source file by its place in the repository.
struct Source {
    path: String,
    text: String,
}

/// Clock, disk, socket, thread or the system's randomness in the sources of one pure crate, its tests excepted.
fn impure_faults(sources: &[Source]) -> Vec<String> {
    let split: Vec<_> = sources
        .iter()
        .map(|source| (source, split_tests(&blanked(&source.text))))
        .collect();
    // A test module in a file of its own is a test as a whole, with all below it.
    let mut test_modules = Vec::new();
    for (source, (_, _, modules)) in &split {
        let (folder, file) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
        let folder = match file {
            "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
            _ => format!("{folder}/{}", file.trim_end_matches(".rs")),
        };
        test_modules.extend(modules.iter().map(|name| format!("{folder}/{name}")));
    }
    let mut faults = Vec::new();
    for (source, (product, _, _)) in &split {
        let stem = source.path.trim_end_matches(".rs");
        let is_test = |module: &String| stem == module || stem.starts_with(&format!("{module}/"));
        if test_modules.iter().any(is_test) {
            continue;
        }
        for (at, path) in paths(&tokens(product)) {
            let spelt = path.join("::");
            let below =
                |impure: &&str| spelt == **impure || spelt.starts_with(&format!("{impure}::"));
            // Who brings in the module of the clock, or all of std, hides what is used of it.
            let hides = matches!(spelt.as_str(), "std::time" | "std::time::*" | "std::*");
            let steps = |steps: &&[&str]| has_steps(&path, steps);
            if IMPURE_PATHS.iter().any(below) || hides || IMPURE_STEPS.iter().any(steps) {
                let line = line_of(product, at);
                faults.push(format!("{}:{line}: {spelt} in a pure crate", source.path));
            }
        }
    }
    faults
}

/// A file that is compiled for tests only.
fn is_test_file(path: &str) -> bool {
    // The demonstration lives in the tests' package and is a program: it waits for a network as its user would.
    if path.starts_with("tests/demo/") {
        return false;
    }
    path.split('/')
        .any(|part| matches!(part, "tests" | "benches" | "tests.rs"))
}

/// No test sleeps, none is passed over.
fn test_faults(source: &Source) -> Vec<String> {
    let code = blanked(&source.text);
    let tests = if is_test_file(&source.path) {
        code.clone()
    } else {
        split_tests(&code).1
    };
    let mut faults = Vec::new();
    for (at, path) in paths(&tokens(&tests)) {
        if SLEEPS.iter().any(|steps| has_steps(&path, steps)) {
            let line = line_of(&code, at);
            faults.push(format!("{}:{line}: {}", source.path, path.join("::")));
        }
    }
    let tokens = tokens(&code);
    let text = |i: usize| tokens.get(i).map_or("", |t| t.text.as_str());
    for i in 0..tokens.len() {
        if text(i) != "#" || text(i + 1) != "[" {
            continue;
        }
        let attribute: Vec<&str> = (i + 2..tokens.len())
            .map(text)
            .take_while(|t| *t != "]")
            .collect();
        let conditional = attribute.first() == Some(&"cfg_attr")
            && attribute.windows(2).any(|pair| pair == [",", "ignore"]);
        if attribute.first() == Some(&"ignore") || conditional {
            let line = line_of(&code, tokens[i].at);
            faults.push(format!("{}:{line}: a test is ignored", source.path));
        }
    }
    faults
}

// --- Texts --------------------------------------------------------------------------------------------------------

/// No file keeps a path of somebody's machine or a mark of unfinished work.
fn text_faults(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        for mark in UNFINISHED {
            if line.contains(mark) {
                faults.push(format!("{path}:{number}: {mark}"));
            }
        }
        for folder in MACHINE_FOLDERS {
            for (at, _) in line.match_indices(folder) {
                if begins_a_path(&line[..at]) && line[at + folder.len()..].starts_with(is_name) {
                    faults.push(format!("{path}:{number}: a path below {folder}"));
                }
            }
        }
    }
    faults
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '_' | '-')
}

/// Whether a slash after `before` begins an absolute path, rather than going on with a relative one or an address.
fn begins_a_path(before: &str) -> bool {
    match before.chars().next_back() {
        None => true,
        // `file:///x` begins one, `https://x` does not.
        Some('/') => before.ends_with("//"),
        Some(c) => !is_name(c) && !matches!(c, '$' | '}' | ')' | '>' | '*' | '~' | '%'),
    }
}

// --- This workspace -----------------------------------------------------------------------------------------------

fn root() -> PathBuf {
    // At run time, not at compile time: two checkouts may share a folder of built tests.
    let package = std::env::var("CARGO_MANIFEST_DIR").expect("cargo says where the package is");
    let package = Path::new(&package);
    package
        .parent()
        .expect("the tests lie in the root")
        .to_owned()
}

fn metadata(options: &[&str]) -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(options.iter().map(|o| (*o).to_owned()).collect::<Vec<_>>())
        .exec()
        .expect("cargo metadata reads the workspace")
}

fn members() -> Vec<Member> {
    let metadata = metadata(&["--offline", "--no-deps"]);
    let members: Vec<Member> = metadata
        .workspace_packages()
        .into_iter()
        .map(|package| Member {
            name: package.name.to_string(),
            dependencies: package
                .dependencies
                .iter()
                .map(|d| Dependency {
                    name: d.name.clone(),
                    kind: d.kind,
                    default_features: d.uses_default_features,
                    in_browser: (d.target.as_ref())
                        .is_some_and(|target| target.to_string().contains("wasm32")),
                    features: d.features.clone(),
                })
                .collect(),
        })
        .collect();
    for (name, _) in ARROWS {
        assert!(members.iter().any(|m| m.name == *name), "no member {name}");
    }
    members
}

/// Who is compiled into whom, on this platform.
fn graph() -> BTreeMap<String, BTreeSet<String>> {
    let version = Command::new("rustc").arg("-vV").output();
    let version =
        String::from_utf8(version.expect("rustc runs").stdout).expect("rustc prints text");
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .expect("rustc names its host");
    let metadata = metadata(&["--frozen", "--filter-platform", host]);
    let name_of: BTreeMap<&PackageId, String> = metadata
        .packages
        .iter()
        .map(|p| (&p.id, p.name.to_string()))
        .collect();
    let resolve = metadata.resolve.as_ref().expect("cargo resolves");
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for node in &resolve.nodes {
        let into = graph.entry(name_of[&node.id].clone()).or_default();
        for dependency in &node.deps {
            let mut kinds = dependency.dep_kinds.iter();
            if kinds.any(|k| k.kind == DependencyKind::Normal) {
                into.insert(name_of[&dependency.pkg].clone());
            }
        }
    }
    graph
}

/// All files of the repository, also those that are not committed yet, by their path from the root.
fn files() -> Vec<String> {
    let output = Command::new("git")
        // CI may run as another user than the one who owns the checkout.
        .args(["-c", "safe.directory=*", "ls-files", "-z", "--cached"])
        .args(["--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git runs");
    assert!(
        output.status.success(),
        "git ls-files failed: tidy needs a checkout"
    );
    let list = String::from_utf8(output.stdout).expect("paths are UTF-8");
    let files: BTreeSet<&str> = list.split_terminator('\0').collect();
    files
        .into_iter()
        // Removed and not committed yet, or a link, whose target is listed itself or is not ours.
        .filter(|file| {
            root()
                .join(file)
                .symlink_metadata()
                .is_ok_and(|m| m.is_file())
        })
        .map(str::to_owned)
        .collect()
}

fn read(path: &str) -> String {
    let bytes = std::fs::read(root().join(path)).expect("a listed file can be read");
    String::from_utf8_lossy(&bytes).into_owned()
}

fn sources(matching: impl Fn(&str) -> bool) -> Vec<Source> {
    let sources: Vec<Source> = files()
        .into_iter()
        .filter(|path| path.ends_with(".rs") && matching(path))
        .map(|path| Source {
            text: read(&path),
            path,
        })
        .collect();
    assert!(!sources.is_empty(), "nothing was scanned");
    sources
}

#[track_caller]
fn none(faults: Vec<String>) {
    assert!(faults.is_empty(), "not tidy:\n  {}", faults.join("\n  "));
}

#[test]
fn crates_build_only_on_those_below_them() {
    none(arrow_faults(&members()));
}

#[test]
fn engine_database_and_http_have_their_owners() {
    none(owner_faults(&members()));
}

#[test]
fn pure_crates_name_no_shell() {
    none(purity_faults(&members()));
}

#[test]
fn pure_crates_reach_no_shell() {
    let graph = graph();
    for pure in PURE {
        assert!(graph.contains_key(*pure), "{pure} is not in the graph");
    }
    none(reach_faults(&graph));
}

#[test]
fn pure_sources_have_no_clock_disk_socket_or_thread() {
    for pure in PURE {
        let folder = format!("crates/{pure}/src/");
        none(impure_faults(&sources(|path| path.starts_with(&folder))));
    }
}

#[test]
fn the_wasm_check_covers_the_pure_crates() {
    let makefile = read("Makefile");
    let list = makefile
        .lines()
        .find_map(|line| line.strip_prefix("PURE := "));
    let list: Vec<&str> = list.expect("the Makefile lists them").split(' ').collect();
    assert_eq!(list, PURE);
}

#[test]
fn manifests_take_lints_and_versions_from_the_root() {
    let manifests: Vec<String> = files()
        .into_iter()
        // A workspace of its own, which nothing builds on.
        .filter(|path| path.ends_with("/Cargo.toml") && path != "fuzz/Cargo.toml")
        .collect();
    assert!(manifests.len() > ARROWS.len(), "{manifests:?}");
    for path in manifests {
        none(manifest_faults(&path, &read(&path)));
    }
}

#[test]
fn no_file_names_a_machine_or_is_unfinished() {
    let faults = files()
        .iter()
        .flat_map(|path| text_faults(path, &read(path)))
        .collect();
    none(faults);
}

#[test]
fn no_test_sleeps_or_is_ignored() {
    none(sources(|_| true).iter().flat_map(test_faults).collect());
}

// --- Made-up violations -------------------------------------------------------------------------------------------

fn member(name: &str, dependencies: &[(&str, DependencyKind)]) -> Member {
    Member {
        name: name.to_owned(),
        dependencies: dependencies
            .iter()
            .map(|(name, kind)| Dependency {
                name: (*name).to_owned(),
                kind: *kind,
                default_features: false,
                in_browser: false,
                features: Vec::new(),
            })
            .collect(),
    }
}

use DependencyKind::{Build, Development, Normal};

#[test]
fn arrows_that_point_upwards_are_caught() {
    let all = [
        member("hefu-types", &[("hefu-proof", Normal)]),
        member(
            "hefu-proof",
            &[("hefu-state", Development), ("hefu-types", Normal)],
        ),
        member("hefu-state", &[("hefu-store", Build)]),
        member("hefu-node", &[("hefu", Normal), ("hefu-formats", Normal)]),
        member("hefu", &[("hefu-state", Normal), ("hefu-wire", Normal)]),
        member("hefu-store", &[(TESTS, Development)]),
        member("hefu-wire", &[]),
        member("hefu-formats", &[]),
        member("hefu-extra", &[]),
        member(TESTS, &[("hefu", Normal), ("hefu-state", Development)]),
    ];
    assert_eq!(
        arrow_faults(&all),
        [
            "hefu-types must not build on hefu-proof",
            "hefu-state must not build on hefu-store",
            "hefu-node must not build on hefu",
            "hefu must not build on hefu-state",
            "hefu-store depends on the tests",
            "hefu-extra has no place among the arrows",
        ]
    );
}

#[test]
fn names_of_owned_crates_elsewhere_are_caught() {
    let all = [
        member(
            "hefu-engine",
            &[("arc-malachitebft-app", Normal), ("axum", Normal)],
        ),
        member(
            "hefu-node",
            &[("arc-malachitebft-sync", Normal), ("axum", Normal)],
        ),
        member("hefu-store", &[("rocksdb", Normal), ("ureq", Development)]),
        member("hefu", &[("rocksdb", Development), ("ureq", Normal)]),
        member(
            "hefu-wire",
            &[("tower-http", Normal), ("axum-extra", Normal)],
        ),
        member(TESTS, &[("ureq", Development), ("rocksdb", Development)]),
    ];
    assert_eq!(
        owner_faults(&all),
        [
            "hefu-engine names axum",
            "hefu-node names arc-malachitebft-sync",
            "hefu-store names ureq",
            "hefu names rocksdb",
            "hefu-wire names tower-http",
            "hefu-wire names axum-extra",
            "hefu-tests names rocksdb",
        ]
    );
}

#[test]
fn impure_names_of_pure_crates_are_caught() {
    let mut rand = member("hefu-proof", &[("rand", Normal), ("rand_core", Normal)]);
    rand.dependencies[0].default_features = true;
    rand.dependencies[1].features = vec!["getrandom".to_owned(), "serde".to_owned()];
    let all = [
        member(
            "hefu-types",
            &[("tokio", Normal), ("sha2", Normal), ("libp2p-core", Build)],
        ),
        rand,
        member("hefu-state", &[("rand", Normal), ("tokio", Development)]),
        member("hefu-wire", &[("getrandom", Normal)]),
        member("hefu-node", &[("tokio", Normal)]),
    ];
    assert_eq!(
        purity_faults(&all),
        [
            "hefu-types is pure and names tokio",
            "hefu-types is pure and names libp2p-core",
            "hefu-proof is pure and takes rand's defaults",
            "hefu-proof is pure and takes rand_core/getrandom",
            "hefu-wire is pure and names getrandom",
        ]
    );
}

#[test]
fn a_shell_behind_a_dependency_is_caught() {
    let edges = [
        ("hefu-formats", "archive"),
        ("archive", "streams"),
        ("streams", "archive"),
        ("streams", "tokio"),
        ("hefu-node", "axum"),
        ("hefu-types", "sha2"),
    ];
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (from, to) in edges {
        graph
            .entry(from.to_owned())
            .or_default()
            .insert(to.to_owned());
    }
    assert_eq!(
        reach_faults(&graph),
        ["hefu-formats is pure and reaches tokio through streams"]
    );
}

const TIDY_MANIFEST: &str = r#"
[package]
name = "hefu-x" # version = "1"
version.workspace = true
edition.workspace = true
rust-version.workspace = true

[lints]
workspace = true

[dependencies]
serde.workspace = true
tokio = { workspace = true, features = [
    "rt", # one thread
    "net",
] }

[target.'cfg(target_arch = "wasm32")'.dependencies]
lopdf = { workspace = true, features = ["a", "b"] }

[dev-dependencies.jmt]
workspace = true
"#;

#[test]
fn manifests_with_versions_of_their_own_are_caught() {
    let none: [&str; 0] = [];
    assert_eq!(manifest_faults("m", TIDY_MANIFEST), none);
    let check = |from: &str, to: &str, faults: &[&str]| {
        assert!(TIDY_MANIFEST.contains(from), "{from}");
        assert_eq!(
            manifest_faults("m", &TIDY_MANIFEST.replace(from, to)),
            faults,
            "{to}"
        );
    };
    let own = "m: serde is not the workspace's";
    check(
        "serde.workspace = true",
        "serde = \"1\"",
        &[own, "m: serde gives its own version"],
    );
    check(
        "serde.workspace = true",
        "serde = { path = \"../serde\", features = [\"a\"] }",
        &[own, "m: serde gives its own path"],
    );
    check(
        "serde.workspace = true",
        "serde.git = \"x\"",
        &[own, "m: serde gives its own git"],
    );
    check(
        "{ workspace = true, features = [\n",
        "{ workspace = true, version = \"1\", features = [\n",
        &["m: tokio gives its own version"],
    );
    check(
        "{ workspace = true, features = [\"a\", \"b\"] }",
        "{ features = [\"a\"], version = \"0.47\" }",
        &[
            "m: lopdf is not the workspace's",
            "m: lopdf gives its own version",
        ],
    );
    check(
        "[dev-dependencies.jmt]\nworkspace = true",
        "[target.'cfg(unix)'.dev-dependencies.jmt]\nversion = \"0.12\"",
        &[
            "m: jmt is not the workspace's",
            "m: jmt gives its own version",
        ],
    );
    check(
        "\nversion.workspace = true",
        "\nversion = \"0.1.0\"",
        &["m: version is not the workspace's"],
    );
    check(
        "[lints]\nworkspace = true",
        "",
        &["m: lints are not the workspace's"],
    );
    check(
        "[lints]",
        "[lints.rust]",
        &["m: lints are not the workspace's"],
    );
}

fn source(path: &str, text: &str) -> Source {
    Source {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

#[test]
fn impure_sources_are_caught() {
    let check = |text: &str, faults: &[&str]| {
        let found = impure_faults(&[source("crates/x/src/a.rs", text)]);
        let wanted: Vec<String> = faults
            .iter()
            .map(|f| format!("crates/x/src/a.rs:{f} in a pure crate"))
            .collect();
        assert_eq!(found, wanted, "{text}");
    };
    check("use std::fs;", &["1: std::fs"]);
    check(
        "fn f() {\n    ::std::fs::read(x);\n}",
        &["2: std::fs::read"],
    );
    check(
        "use std::{fmt, net::{self, IpAddr as Ip}, thread};",
        &["1: std::net", "1: std::net::IpAddr", "1: std::thread"],
    );
    check(
        "use std::time::{Duration, Instant};",
        &["1: std::time::Instant"],
    );
    check(
        "use std::time;\nuse std::time::*;",
        &["1: std::time", "2: std::time::*"],
    );
    check(
        "let t = std::time::SystemTime::now();",
        &["1: std::time::SystemTime::now"],
    );
    check("let t = chrono::Utc::now();", &["1: chrono::Utc::now"]);
    check("let k = Key::generate(&mut OsRng);", &["1: OsRng"]);
    check("let x = '\"'; use std::fs; let y = '\"';", &["1: std::fs"]);
    check(
        "fn f<'a>(x: &'a str) { std::env::var(x) }",
        &["1: std::env::var"],
    );
    check("#[cfg(not(test))]\nuse std::fs;", &["2: std::fs"]);
    check(
        "#[cfg(test)]\nmod tests { fn f() {} }\nuse std::fs;",
        &["3: std::fs"],
    );

    check("use std::time::Duration; use std::{fmt, io::Read};", &[]);
    check("// std::fs\n/* std::fs /* nested */ std::fs */\n//! std::net\nlet a = \"std::fs \\\" std::fs\";", &[]);
    check(
        "let a = r#\"std::fs \" std::fs\"#; let r#type = b\"std::fs\"; let c = br\"std::net\";",
        &[],
    );
    check(
        "#[cfg(test)]\nmod tests {\n    use std::fs;\n    fn f() { thread_rng(); }\n}",
        &[],
    );
    check("#[cfg(test)]\n#[allow(dead_code)]\nuse std::{fs, thread};\n#[test]\nfn f() -> [u8; 2] { std::fs::read(x) }", &[]);
    check("#![cfg(test)]\nuse std::fs;", &[]);
}

#[test]
fn test_modules_in_their_own_files_may_be_impure_and_no_others() {
    let files = [
        source("crates/x/src/lib.rs", "mod a;\n#[cfg(test)]\nmod oracle;"),
        source("crates/x/src/oracle.rs", "use std::fs;"),
        source("crates/x/src/oracle/deep.rs", "use std::fs;"),
        source("crates/x/src/a.rs", "#[cfg(test)]\npub(crate) mod tests;"),
        source("crates/x/src/a/tests.rs", "use std::fs;"),
        source("crates/x/src/b/tests.rs", "use std::fs;"),
        source("crates/x/src/oracles.rs", "use std::fs;"),
    ];
    assert_eq!(
        impure_faults(&files),
        [
            "crates/x/src/b/tests.rs:1: std::fs in a pure crate",
            "crates/x/src/oracles.rs:1: std::fs in a pure crate",
        ]
    );
}

#[test]
fn sleeping_and_ignored_tests_are_caught() {
    let check = |path: &str, text: &str, faults: &[&str]| {
        let wanted: Vec<String> = faults.iter().map(|f| format!("{path}:{f}")).collect();
        assert_eq!(test_faults(&source(path, text)), wanted, "{text}");
    };
    let nap = "fn f() {\n    std::thread::sleep(x);\n}";
    check("tests/it/net.rs", nap, &["2: std::thread::sleep"]);
    check("crates/x/tests/a.rs", nap, &["2: std::thread::sleep"]);
    check("crates/x/src/a/tests.rs", nap, &["2: std::thread::sleep"]);
    check("node/src/run.rs", nap, &[]);
    check("tests/demo/main.rs", nap, &[]);
    check(
        "node/src/run.rs",
        "fn run() { tokio::time::sleep(x) }\n#[cfg(test)]\nmod tests { fn f() { tokio::time::sleep(x) } }",
        &["3: tokio::time::sleep"],
    );
    check(
        "tests/it/a.rs",
        "use tokio::time::{sleep, timeout};",
        &["1: tokio::time::sleep"],
    );
    check(
        "tests/sim/a.rs",
        "simulation.sleep(x); // thread::sleep",
        &[],
    );

    let ignored = "a test is ignored";
    check(
        "node/src/a.rs",
        "#[test]\n#[ignore]\nfn f() {}",
        &[&format!("2: {ignored}")],
    );
    check(
        "tests/it/a.rs",
        "#[ignore = \"slow\"]\nfn f() {}",
        &[&format!("1: {ignored}")],
    );
    check(
        "tests/it/a.rs",
        "#[cfg_attr(windows, ignore)]\nfn f() {}",
        &[&format!("1: {ignored}")],
    );
    check(
        "tests/it/a.rs",
        "let ignore = \"#[ignore]\"; // #[ignore]",
        &[],
    );
}

#[test]
fn machines_and_unfinished_work_in_files_are_caught() {
    let [work, root, home] = [0, 1, 2].map(|i| MACHINE_FOLDERS[i]);
    let check = |line: String, faults: usize| {
        let found = text_faults("f", &format!("first\n{line}\n"));
        assert_eq!(found.len(), faults, "{line}: {found:?}");
        assert!(found.iter().all(|f| f.starts_with("f:2: ")), "{found:?}");
    };
    check(format!("{work}main/Cargo.toml"), 1);
    check(format!("see `{root}.cargo` and \"{home}li/x\""), 2);
    check(format!("PATH=/bin:{root}bin"), 1);
    check(format!("file://{home}li"), 1);
    check(
        format!("https:/{home}page, crates{work}x, $HOME{root}x, ./a-b{work}c"),
        0,
    );
    check(
        format!("{home}<you>/hefu, {home}$USER, {root}, {work} alone"),
        0,
    );
    for mark in UNFINISHED {
        check(format!("    {mark}\"later\")"), 1);
    }
    check("todo, later".to_owned(), 0);
}
