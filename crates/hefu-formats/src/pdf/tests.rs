//! Real files that nobody here wrote, where they lie beside the checkout (`shared/corpus`).

use std::path::{Path, PathBuf};

use super::file::PdfFile;
use super::{pictures, text};

fn pdfs_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|end| end.eq_ignore_ascii_case("pdf"))
            {
                files.push(path);
            }
        }
    }
    files
}

#[test]
fn no_real_pdf_of_another_country_is_a_chinese_document() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = here.ancestors().map(|folder| folder.join("shared/corpus"));
    let Some(corpus) = corpus.into_iter().find(|folder| folder.is_dir()) else {
        println!("no shared/corpus beside the checkout: real files were not read");
        return;
    };
    let (mut files, mut with_text, mut runs, mut letters, mut unknown) = (0, 0, 0, 0, 0);
    for path in pdfs_below(&corpus) {
        let bytes = std::fs::read(&path).unwrap();
        let Ok(mut pdf) = PdfFile::open(&bytes) else {
            continue;
        };
        if pdf.is_encrypted() {
            continue;
        }
        files += 1;
        let drawn = match text::drawn(&mut pdf) {
            Ok(drawn) => drawn,
            Err(refused) => {
                println!(
                    "{}: {refused}",
                    path.strip_prefix(&corpus).unwrap().display()
                );
                continue;
            }
        };
        let codes = pictures::codes(&mut pdf, &drawn.pictures);
        with_text += usize::from(!drawn.runs.is_empty());
        runs += drawn.runs.len();
        let all = drawn.runs.iter().flat_map(|run| run.text.chars());
        letters += all.clone().count();
        unknown += all
            .filter(|letter| *letter == char::REPLACEMENT_CHARACTER)
            .count();
        assert_eq!(
            crate::face::read(&drawn.runs, &codes).unwrap(),
            None,
            "{}",
            path.display()
        );
    }
    println!("{files} PDF files, {with_text} with text: {runs} pieces, {letters} letters, {unknown} of them unknown");
    assert!(files > 0 && with_text > 0);
    // A few symbols of fonts without names, not the text.
    assert!(unknown * 100 < letters);
}
