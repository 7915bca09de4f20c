//! From files to [`Config`]: find them, read them, merge them, link them, and say everything that is wrong.

use std::path::{Path, PathBuf};

use ring::digest;
use vestibule_engine::config::{Problems, Sources};

use super::fault::{Fault, Step, dotted, is_secretive};
use super::file::ConfigFile;
use super::link::{Config, Surroundings};
use super::merge::merge;
use super::problems::{Report, locate, located};
use super::reference::Reference;
use super::sources::{self, Disk};
use super::told::read_all;
use super::tree::{self, Kind, Malformed, Node, Place};

/// How many files conf.d may hold; one a client of a large site.
const FILES_MAX: usize = 1000;

/// What became of a configuration: the meant form if nothing stands in its way, and all that was found.
pub struct Loaded {
    pub config: Option<Config>,
    pub report: Report,
    /// The files it was read from, the main one first.
    pub files: Vec<PathBuf>,
    /// Eight octets of a digest of all files.
    pub fingerprint: String,
}

impl Loaded {
    /// The configuration, or everything that is wrong with it; warnings are dropped.
    pub fn into_result(self) -> Result<Config, Report> {
        self.config.ok_or(self.report)
    }
}

/// Read a configuration with the secrets it refers to.
pub fn load(path: &Path) -> Loaded {
    load_with(path, &Disk::beside(path))
}

/// The same, with secrets and files from elsewhere.
pub fn load_with(path: &Path, sources: &dyn Sources) -> Loaded {
    let mut malformed = Vec::new();
    let mut loading = Loading { files: vec![path.to_owned()], digest: digest::Context::new(&digest::SHA256) };
    let root = loading.tree(path, &mut malformed);
    let Loading { files, digest } = loading;
    let fingerprint: String = digest.finish().as_ref().iter().take(8).map(|octet| format!("{octet:02x}")).collect();
    let around = Surroundings {
        sources,
        base: &sources::full_path(&sources::folder_of(path)),
        primaries: root.as_ref().map(|root| root.names_under("primaries")).unwrap_or_default(),
        host: sources::host_name(),
        fingerprint: fingerprint.clone(),
    };
    let (config, report) = meant(root, malformed, &files, around);
    Loaded { config, report, files, fingerprint }
}

struct Loading {
    files: Vec<PathBuf>,
    digest: digest::Context,
}

impl Loading {
    /// The main file with everything in `conf.d/` beside it, as one tree; nothing if one of them is no YAML.
    fn tree(&mut self, path: &Path, malformed: &mut Vec<Malformed>) -> Option<Node> {
        let mut root = self.file(path, 0, malformed);
        let more = beside(path).unwrap_or_else(|why| {
            malformed.push(whole_file(0, why, "make the folder readable for us, or remove it"));
            Vec::new()
        });
        for path in more {
            let file = self.files.len();
            self.files.push(path.clone());
            let more = self.file(&path, file, malformed);
            match (&mut root, more) {
                (Some(root), Some(more)) => merge(root, more, &self.files, malformed),
                _ => root = None,
            }
        }
        root
    }

    fn file(&mut self, path: &Path, file: usize, malformed: &mut Vec<Malformed>) -> Option<Node> {
        let read = sources::plain_file(path).map_err(|why| {
            let remedy = if path.exists() {
                "make it readable for the user who runs this, or become one who may read it"
            } else {
                "name the configuration with `--config FILE`, or make one with `vestibule init`"
            };
            whole_file(file, why, remedy)
        });
        if sources::can_be_changed_by_others(path) {
            let found = "everybody on this machine can change this file".to_owned();
            let remedy = format!("`chmod o-w {}`", path.display());
            malformed.push(Malformed { is_error: false, ..whole_file(file, found, &remedy) });
        }
        let text = read.and_then(|octets| {
            self.digest.update(&octets);
            String::from_utf8(octets).map_err(|error| not_utf8(file, &error))
        });
        match text.and_then(|text| tree::parse(&text, file, malformed)) {
            Ok(node) => Some(node),
            Err(why) => {
                malformed.push(why);
                None
            }
        }
    }
}

/// `conf.d/*.yaml` beside the configuration, by name.
fn beside(path: &Path) -> Result<Vec<PathBuf>, String> {
    let folder = sources::folder_of(path).join("conf.d");
    let shown = folder.display();
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(format!("cannot read the folder {shown}: {error}")),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| format!("cannot read the folder {shown}: {error}"))?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
        if files.len() > FILES_MAX {
            return Err(format!("{shown} holds more than {FILES_MAX} files"));
        }
    }
    files.sort();
    Ok(files)
}

fn whole_file(file: usize, found: String, remedy: &str) -> Malformed {
    let place = Place { file, line: 1, column: 1 };
    Malformed { place, path: String::new(), found, remedy: remedy.to_owned(), is_error: true }
}

fn not_utf8(file: usize, error: &std::string::FromUtf8Error) -> Malformed {
    let before = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
    let line = before.filter(|octet| **octet == b'\n').count().saturating_add(1);
    Malformed {
        place: Place { file, line, column: 1 },
        path: String::new(),
        found: "octets that are not UTF-8 text".to_owned(),
        remedy: "save the file as UTF-8".to_owned(),
        is_error: true,
    }
}

fn meant(
    root: Option<Node>,
    malformed: Vec<Malformed>,
    files: &[PathBuf],
    around: Surroundings<'_>,
) -> (Option<Config>, Report) {
    let mut report = Report { problems: malformed.into_iter().map(|one| located(one, files)).collect() };
    let Some(mut root) = root else {
        report.sort(files);
        return (None, report);
    };
    let shown = root.clone();
    let (file, faults) = read_all::<ConfigFile>(&mut root);
    let told: Vec<String> = faults.iter().map(|fault| dotted(fault.steps())).collect();
    let mut problems = Problems::default();
    tell(&faults, &shown, &mut problems);
    let mut linking = Problems::default();
    let config = file.and_then(|file| file.link(around, &mut linking));
    report.problems.extend(problems.into_vec().into_iter().map(|problem| locate(problem, &shown, files)));
    let linking = linking.into_vec().into_iter().filter(|problem| !is_about(&problem.path, &told));
    report.problems.extend(linking.map(|problem| locate(problem, &shown, files)));
    if config.is_none() && report.errors() == 0 {
        // Whoever refused without a word made a mistake of ours, and the administrator is told that much.
        let found = "something here cannot be used, and nothing more is known about it".to_owned();
        report.problems.push(located(whole_file(0, found, "report this as a defect, with the configuration"), files));
    }
    report.sort(files);
    (config.filter(|_| report.errors() == 0), report)
}

/// Whether a problem lies in or around something that was told to be wrong: it may be only a consequence.
fn is_about(path: &str, told: &[String]) -> bool {
    let inside = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) && !outer.is_empty()
    };
    told.iter().any(|told| inside(path, told) || inside(told, path))
}

/// Put faults into words. Where serde does not know what to write instead, the reference does.
fn tell(faults: &[Fault], root: &Node, problems: &mut Problems) {
    let reference = Reference::of_config();
    for fault in faults {
        let path = dotted(fault.steps());
        let text = if is_secretive(fault.steps()) { None } else { text_at(root, fault.steps()) };
        let (found, remedy) = fault.words(text);
        let remedy = remedy.or_else(|| reference.remedy(&path)).unwrap_or_else(|| "correct the value".to_owned());
        problems.error(path, found, remedy);
    }
}

fn text_at<'a>(root: &'a Node, steps: &[Step]) -> Option<&'a str> {
    /// A longer text is not shown whole; it would drown the message.
    const SHOWN_MAX: usize = 120;
    let node = steps.iter().try_fold(root, |node, step| match (&node.kind, step) {
        (Kind::Map(_), Step::Key(key)) => node.get(key),
        (Kind::List(items), Step::Item(index)) => items.get(*index),
        _ => None,
    })?;
    match &node.kind {
        Kind::Scalar { text, .. } if text.len() <= SHOWN_MAX => Some(text),
        _ => None,
    }
}
