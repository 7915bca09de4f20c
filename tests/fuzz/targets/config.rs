//! A configuration of any content: loading it ends, says where each problem is, and never shows a secret.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use vestibule::config::load_with;
use vestibule_engine::SecretBytes;
use vestibule_engine::config::{SecretRef, Sources};

const SECRET: &str = "jF4Qm0sR8tYw2Xz6Vb1Nc5Lk9Hd3Gp7A0e2o4i6u8y0=";

/// Every secret and file that a configuration names is there.
struct Everything;

impl Sources for Everything {
    fn secret(&self, _: &SecretRef) -> Result<SecretBytes, String> {
        Ok(SecretBytes::new(SECRET.as_bytes().to_vec()))
    }

    fn file(&self, _: &Path) -> Result<Vec<u8>, String> {
        Ok(Vec::new())
    }
}

thread_local! {
    static FOLDER: RefCell<Option<TempDir>> = const { RefCell::new(None) };
}

pub(crate) fn run(input: &[u8]) {
    let file = written(input);
    let loaded = load_with(&file, &Everything);
    assert_eq!(
        loaded.config.is_none(),
        loaded.report.errors() > 0,
        "refused without a word, or taken in spite of errors"
    );
    for problem in &loaded.report.problems {
        let told = format!("{problem:?}");
        assert!(!told.contains(SECRET), "a secret is shown: {told}");
        assert!(!problem.found.is_empty() && !problem.remedy.is_empty(), "half a problem: {told}");
    }
}

fn written(input: &[u8]) -> PathBuf {
    FOLDER.with_borrow_mut(|folder| {
        let folder = folder.get_or_insert_with(|| tempfile::tempdir().expect("make a folder"));
        let file = folder.path().join("vestibule.yaml");
        std::fs::write(&file, input).expect("write the configuration");
        file
    })
}
