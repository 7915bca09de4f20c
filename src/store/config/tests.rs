use std::path::Path;

use super::*;

struct NoFiles;

impl Sources for NoFiles {
    fn secret(&self, reference: &SecretRef) -> Result<SecretBytes, String> {
        match reference {
            SecretRef::Env(name) if name == "DB" => Ok(SecretBytes::new("hunter2")),
            other => Err(format!("{other} is not there")),
        }
    }

    fn file(&self, path: &Path) -> Result<Vec<u8>, String> {
        Err(format!("{} is not there", path.display()))
    }
}

fn linked(written: serde_json::Value) -> (Option<StoreSettings>, Vec<String>) {
    let config: StoreConfig = serde_json::from_value(written).unwrap();
    let mut problems = Problems::default();
    let settings = config.link("store", &NoFiles, &mut problems);
    (settings, problems.into_vec().into_iter().map(|problem| problem.path).collect())
}

#[test]
fn a_file_is_enough() {
    let (settings, problems) = linked(serde_json::json!({"sqlite": {"path": "/var/lib/v.db"}}));
    assert!(matches!(settings, Some(StoreSettings::Sqlite { path }) if path == Path::new("/var/lib/v.db")));
    assert!(problems.is_empty());
}

#[test]
fn a_path_that_depends_on_where_we_were_started_is_refused() {
    let (settings, problems) = linked(serde_json::json!({"sqlite": {"path": "v.db"}}));
    assert!(settings.is_none());
    assert_eq!(problems, ["store.sqlite.path"]);
}

#[test]
fn another_machine_is_never_spoken_to_in_clear() {
    let written = serde_json::json!({"postgres": {"host": "db.example.org", "tls": "disabled"}});
    assert_eq!(linked(written).1, ["store.postgres.tls"]);
    for here in ["/run/postgresql", "localhost", "127.0.0.1", "::1"] {
        let (settings, problems) = linked(serde_json::json!({"postgres": {"host": here, "tls": "disabled"}}));
        assert!(matches!(settings, Some(StoreSettings::Postgres(PostgresSettings { tls: None, .. }))), "{here}");
        assert!(problems.is_empty());
    }
}

#[test]
fn tls_is_required_where_nothing_is_said_of_it() {
    let (settings, _) = linked(serde_json::json!({"postgres": {"host": "db", "password": {"env": "DB"}}}));
    let Some(StoreSettings::Postgres(settings)) = settings else { panic!("no settings") };
    assert!(settings.tls.is_some());
    assert_eq!(settings.password.unwrap().expose(), b"hunter2");
}

#[test]
fn all_problems_are_told_at_once() {
    let (settings, problems) = linked(serde_json::json!({"postgres": {
        "host": " ", "connections": 2, "password": {"file": "/nowhere"}, "ca_file": "/nowhere.pem"
    }}));
    assert!(settings.is_none());
    assert_eq!(problems, ["host", "connections", "password", "ca_file"].map(|key| format!("store.postgres.{key}")));
}

#[test]
fn an_unknown_key_is_refused() {
    assert!(serde_json::from_value::<StoreConfig>(serde_json::json!({"sqlite": {"file": "/x"}})).is_err());
    assert!(serde_json::from_value::<StoreConfig>(serde_json::json!({"mysql": {}})).is_err());
}
