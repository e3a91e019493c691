//! New files are for those who may read the one that they come from, and for nobody else meanwhile.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::sandbox::Sandbox;

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

fn with_mode(bits: u32) -> Sandbox {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    fs::set_permissions(sandbox.path("mlruns.db"), Permissions::from_mode(bits)).unwrap();
    sandbox
}

#[test]
fn backups_copies_and_what_is_restored_have_the_mode_of_the_database() {
    for bits in [0o600, 0o640, 0o664] {
        let sandbox = with_mode(bits);
        symlink("mlruns.db", sandbox.path("link.db")).unwrap();
        let steps = [
            &["upgrade", "link.db", "--into=new.db"][..],
            &["upgrade", "link.db", "--backup=before.db"],
            &["restore", "link.db", "--from=before.db"],
        ];
        for arguments in steps {
            let ran = sandbox.run(arguments);
            assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
        }
        assert!(fs::symlink_metadata(sandbox.path("link.db")).unwrap().is_symlink());
        let names: Vec<String> =
            sandbox.files().into_keys().filter(|name| name != "link.db").collect();
        assert_eq!(names.len(), 4, "{names:?}");
        for name in names {
            assert_eq!(mode(&sandbox.path(&name)), bits, "{name}");
        }
    }
}

/// While it is being written: a copy that never ends, since its source is held, shows its mode.
#[test]
fn a_copy_is_private_until_it_has_its_name() {
    let sandbox = with_mode(0o644);
    // The data migration reads enough for the copy to be seen.
    sandbox.sql(
        "CREATE TABLE filler (a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
         WHERE i < 3000) INSERT INTO filler SELECT randomblob(10000) FROM n",
    );
    let mut child = sandbox.command(&["upgrade", "mlruns.db", "--into=new.db"]).spawn().unwrap();
    let mut seen = Vec::new();
    while child.try_wait().unwrap().is_none() {
        for entry in fs::read_dir(sandbox.path(".")).unwrap().flatten() {
            let is_partial = entry.file_name().to_string_lossy().contains(".partial-");
            let bits = entry.metadata().map(|metadata| metadata.permissions().mode() & 0o777);
            seen.extend(bits.ok().filter(|_| is_partial));
        }
    }
    // Before it gets its name it gets its mode.
    seen.dedup();
    assert!(seen.first().is_none_or(|bits| *bits == 0o600), "{seen:?}");
    assert!(seen.iter().all(|bits| [0o600, 0o644].contains(bits)), "{seen:?}");
    assert_eq!(mode(&sandbox.path("new.db")), 0o644);
}

#[test]
fn links_to_nothing_are_not_followed() {
    let sandbox = with_mode(0o600);
    symlink("elsewhere", sandbox.path("new.db")).unwrap();
    for option in ["--into=new.db", "--backup=new.db"] {
        let told = sandbox.refused(&["upgrade", "mlruns.db", option]);
        assert!(told.contains("exists already"), "{told}");
    }
    assert!(!sandbox.path("elsewhere").exists());
}
