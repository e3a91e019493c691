//! Databases in places that cannot be written: what only reads works there, or says why it cannot.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use mlflow_migrate_tests::small_disk::SmallDisk;

use crate::sandbox::{HEAD, Ran, Sandbox};

const NOBODY: u32 = 65_534;
const READ_ONLY: i32 = 17;

/// Who reads, and what keeps them from writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// A file system that is mounted read-only.
    Mount,
    /// A folder of somebody else's, and files of theirs with this mode.
    Folder(u32),
    /// A file of somebody else's with mode 0444, in a folder that everybody may write to.
    File,
}

const PLACES: [Place; 4] = [Place::Mount, Place::Folder(0o444), Place::Folder(0o666), Place::File];

/// What stands beside a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beside {
    /// Nothing; the file has a rollback journal when it is written.
    Nothing,
    /// Nothing; the file is in WAL mode.
    NothingOfLog,
    /// An empty log.
    EmptyLog,
    /// A log that the file needs, and its index.
    LogAndIndex,
    /// A log that the file needs.
    Log,
    /// A journal that has to be rolled back.
    Journal,
    /// A journal that has nothing in it.
    EmptyJournal,
}

const ALL: [Beside; 7] = [
    Beside::Nothing,
    Beside::NothingOfLog,
    Beside::EmptyLog,
    Beside::LogAndIndex,
    Beside::Log,
    Beside::Journal,
    Beside::EmptyJournal,
];

impl Beside {
    /// The suffixes of the files, that of the database first.
    fn suffixes(self) -> &'static [&'static str] {
        match self {
            Self::Nothing | Self::NothingOfLog => &[""],
            Self::EmptyLog | Self::Log => &["", "-wal"],
            Self::LogAndIndex => &["", "-wal", "-shm"],
            Self::Journal | Self::EmptyJournal => &["", "-journal"],
        }
    }

    /// Puts the files into a folder.
    fn make(self, folder: &Path, name: &OsStr) {
        let source = Sandbox::with_sample("mlruns-1.2.0.db");
        let writer = source.connect();
        match self {
            Self::Nothing | Self::EmptyJournal => {}
            Self::NothingOfLog | Self::EmptyLog | Self::LogAndIndex | Self::Log => writer
                .execute_batch(
                    "PRAGMA journal_mode = WAL; UPDATE params SET value = 'x'; \
                     PRAGMA wal_checkpoint(TRUNCATE)",
                )
                .unwrap(),
            Self::Journal => {
                writer.execute_batch("PRAGMA cache_size = 1; BEGIN; DELETE FROM metrics").unwrap();
            }
        }
        if matches!(self, Self::Log | Self::LogAndIndex) {
            writer.execute_batch("UPDATE params SET value = 'in the log'").unwrap();
        }
        for suffix in self.suffixes() {
            let mut target = name.to_owned();
            target.push(suffix);
            let target = folder.join(target);
            match (self, *suffix) {
                (Self::EmptyLog, "-wal") | (Self::EmptyJournal, "-journal") => {
                    fs::write(target, "").unwrap();
                }
                _ => {
                    let _ = fs::copy(source.path(&format!("mlruns.db{suffix}")), target).unwrap();
                }
            }
        }
    }

    /// Whether SQLite has to write something before the database can be read in a place.
    fn is_refused(self, place: Place) -> bool {
        match self {
            Self::Log => place != Place::File,
            Self::Journal => true,
            _ => false,
        }
    }
}

/// Runs the binary as somebody whom permissions hold back, in a folder of their own.
struct Reader {
    home: Sandbox,
    binary: PathBuf,
}

impl Reader {
    fn new() -> Self {
        let home = Sandbox::new();
        set_mode(&home.path("."), 0o777);
        let binary = home.path("mlflow-migrate");
        fs::copy(env!("CARGO_BIN_EXE_mlflow-migrate"), &binary).unwrap();
        set_mode(&binary, 0o755);
        Self { home, binary }
    }

    fn run(&self, arguments: &[&OsStr]) -> Ran {
        let mut command = Command::new(&self.binary);
        command.env_clear().current_dir(self.home.path(".")).args(arguments);
        if fs::metadata(&self.binary).unwrap().uid() == 0 {
            command.uid(NOBODY).gid(NOBODY);
        }
        output(&mut command)
    }
}

/// Runs a program that has just been written: a process that another test starts meanwhile may still have
/// the file open, until it becomes another program.
fn output(command: &mut Command) -> Ran {
    loop {
        match command.output() {
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(Duration::from_millis(5));
            }
            output => return Ran::from(output.unwrap()),
        }
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn content(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    files.sort();
    files
}

fn tried(place: Place, beside: Beside, name: &OsStr) {
    let disk = if place == Place::Mount { SmallDisk::if_possible(16) } else { None };
    if place == Place::Mount && disk.is_none() {
        return;
    }
    let sandbox = Sandbox::new();
    let folder = disk.as_ref().map_or_else(|| sandbox.path("."), |disk| disk.path().to_owned());
    beside.make(&folder, name);
    for (file, _) in content(&folder) {
        set_mode(&file, if let Place::Folder(mode) = place { mode } else { 0o444 });
    }
    set_mode(&folder, if place == Place::File { 0o777 } else { 0o555 });
    if let Some(disk) = &disk {
        disk.make_read_only().unwrap();
    }
    let before = content(&folder);
    let (reader, database) = (Reader::new(), folder.join(name));
    let word = OsStr::new;
    const READING: [&[&str]; 8] = [
        &["doctor"],
        &["upgrade", "--into=new.db"],
        &["current"],
        &["check"],
        &["plan"],
        &["estimate"],
        &["status"],
        &["verify"],
    ];
    // They open a database by the same way.
    let most = if place == Place::Mount { READING.len() } else { 2 };
    for arguments in READING.into_iter().take(most) {
        let mut words: Vec<&OsStr> = arguments.iter().copied().map(OsStr::new).collect();
        words.push(database.as_os_str());
        let ran = reader.run(&words);
        let label = format!("{place:?} {beside:?} {arguments:?}: {}{}", ran.stdout, ran.stderr);
        if beside.is_refused(place) {
            assert_eq!(ran.code, READ_ONLY, "{label}");
            let suffix = beside.suffixes()[1];
            assert!(ran.stderr.contains(&format!("{suffix} holds ")), "{label}");
            assert!(ran.stderr.contains("mktemp -d"), "{label}");
        } else {
            let is_behind = arguments == ["check"];
            assert_eq!(ran.code, i32::from(is_behind), "{label}");
        }
    }
    if place == Place::Folder(0o666) && matches!(beside, Beside::LogAndIndex | Beside::EmptyJournal)
    {
        // Nothing new has to be made here, and all that is there can be written.
        return set_mode_back(&folder, place);
    }
    let in_place = reader.run(&[word("upgrade"), database.as_os_str()]);
    assert_eq!(in_place.code, READ_ONLY, "{place:?} {beside:?}: {}", in_place.stderr);
    if beside.is_refused(place) {
        follow_the_hint(&reader, &in_place.stderr);
    } else {
        let upgraded = reader.run(&[word("current"), word("new.db")]);
        assert!(upgraded.stdout.starts_with(HEAD), "{place:?} {beside:?}: {}", upgraded.stderr);
        if matches!(beside, Beside::Log | Beside::LogAndIndex) {
            let new = rusqlite::Connection::open(reader.home.path("new.db")).unwrap();
            let value = new.query_row("SELECT max(value) FROM params", [], |row| row.get(0));
            assert_eq!(value, Ok("in the log".to_owned()), "{place:?} {beside:?}");
        }
        let restored = reader.run(&[
            word("restore"),
            word("restored.db"),
            word("--from"),
            database.as_os_str(),
        ]);
        let is_whole = matches!(beside, Beside::Nothing | Beside::NothingOfLog | Beside::EmptyLog);
        assert!(!is_whole || restored.code == 0, "{place:?} {beside:?}: {}", restored.stderr);
    }
    // A reader who needs the log of a file may leave its index in a folder that everybody may write to, and
    // one who may write to the file plays a journal back that stays there, to be played back again.
    let is_of_sqlite = match place {
        Place::File => matches!(beside, Beside::Log | Beside::LogAndIndex),
        Place::Folder(0o666) => beside == Beside::Journal,
        _ => false,
    };
    if !is_of_sqlite {
        assert!(content(&folder) == before, "{place:?} {beside:?}: files have changed");
    }
    set_mode_back(&folder, place);
}

fn set_mode_back(folder: &Path, place: Place) {
    if place != Place::Mount {
        set_mode(folder, 0o755);
    }
}

/// Runs the command of a hint, with the program that is tested.
fn follow_the_hint(reader: &Reader, told: &str) {
    let command = told.split('`').nth(1).unwrap();
    let mut shell = Command::new("sh");
    let program = reader.binary.display().to_string();
    shell.env("TMPDIR", reader.home.path(".")).current_dir(reader.home.path("."));
    shell.args(["-c", &command.replace("&& mlflow-migrate", &format!("&& {program}"))]);
    if fs::metadata(&reader.binary).unwrap().uid() == 0 {
        shell.uid(NOBODY).gid(NOBODY);
    }
    let ran = output(&mut shell);
    assert_eq!(ran.code, 0, "{command}: {}{}", ran.stdout, ran.stderr);
}

#[test]
fn what_only_reads_works_where_nothing_can_be_written() {
    for place in PLACES {
        for beside in ALL {
            tried(place, beside, OsStr::new("mlruns.db"));
        }
    }
}

/// The name of a file reaches SQLite by another way then.
#[test]
fn a_name_stays_a_name_where_nothing_can_be_written() {
    for beside in [Beside::NothingOfLog, Beside::Log] {
        tried(Place::Folder(0o666), beside, OsStr::new("a b?immutable=0&mode=rw#c%41'.db"));
    }
}
