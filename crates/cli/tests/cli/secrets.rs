//! A password is in no message, whatever goes wrong.

use crate::sandbox::{Ran, Sandbox};

/// Part of every password here, and of nothing else.
const SECRET: &str = "S3cr3t";

const COMMANDS: [&[&str]; 14] = [
    &["upgrade", "--retry-for=1"],
    &["upgrade", "--retry-for=0", "--backup"],
    &["upgrade", "--retry-for=0", "--into=new.db"],
    &["plan"],
    &["check"],
    &["current"],
    &["history"],
    &["estimate"],
    &["doctor"],
    &["verify"],
    &["verify", "--deep"],
    &["status"],
    &["abort"],
    &["restore"],
];

/// Nobody listens there: every place of a URL that a password can be in, encoded and not.
const URLS: [&str; 48] = [
    "postgresql://me:S3cr3t@127.0.0.1:1/db",
    "postgresql://me:S3cr3t%40%2F@127.0.0.1:1/db?sslmode=maybe",
    "postgresql://me@127.0.0.1:1/db?password=S3cr3t&connect_timeout=soon",
    "postgresql://me:x@127.0.0.1:1/db?pass%77ord=S3cr3t&sslpassword=S3cr3t&wibble=1",
    "postgresql://me:p@S3cr3t@127.0.0.1:1/db",
    "postgresql://me:p/S3cr3t@127.0.0.1:1/db",
    "postgresql://me:p?S3cr3t@127.0.0.1:1/db",
    "postgresql://me:p#S3cr3t@127.0.0.1:port/db",
    "postgresql:///me:S3cr3t@127.0.0.1:1/db",
    "postgresql//me:S3cr3t@127.0.0.1:1/db",
    "postgresql:me:S3cr3t@127.0.0.1:1/db",
    "postgresql://me:S3cr3t",
    "mysql+pymysql://me:S3cr3t@127.0.0.1:1/db",
    "mysql+pymysql://me:S3cr3t@127.0.0.1:1/db?ssl_ca=missing.pem",
    "mysql+pymysql://me:S3cr3t@127.0.0.1:1",
    "mysql://me@127.0.0.1:1/db?password=S3cr3t&passwd=S3cr3t",
    "mysql://me:S3cr3t@127.0.0.1:70000/db",
    "mysql://me:p@x/S3cr3t@127.0.0.1:1/db",
    "mssql+pyodbc://me:S3cr3t@127.0.0.1/db",
    "https://me:S3cr3t@127.0.0.1",
    "sqlite://me:S3cr3t@host/mlruns.db",
    "sqlite+pysqlcipher://:S3cr3t@/mlruns.db",
    "host=127.0.0.1 port=1 user=me password=S3cr3t dbname=db",
    "dbname=db password = 'S3cr3t x'",
    "Driver={MySQL};Server=127.0.0.1;Uid=me;Pwd=S3cr3t",
    "mysql://127.0.0.1:1/db;user=me;password=S3cr3t",
    "postgresql://127.0.0.1:1/db#password=S3cr3t",
    "postgresql://127.0.0.1:1/db?user=me;password=S3cr3t",
    "mysqll:me:S3cr3t@127.0.0.1/db",
    "me:S3cr3t@127.0.0.1/db",
    "jdbc:mysql://127.0.0.1:1/db?user=me&password=S3cr3t",
    "mysql:/me:S3cr3t@127.0.0.1/db",
    "u:S3cr3t@127.0.0.1",
    ":me:S3cr3t@127.0.0.1",
    "//me:S3cr3t@127.0.0.1/db",
    "me/S3cr3t@127.0.0.1:1521/db",
    "me:S3cr3t@tcp(127.0.0.1:1)/db",
    "mysql%3A%2F%2Fme%3AS3cr3t%40127.0.0.1%2Fdb",
    "mysql://me%3aS3cr3t%40127.0.0.1:1/db",
    "mysql://me%3AS3cr3t@127.0.0.1:1/db",
    "mysql://me@127.0.0.1:1/db?pw=S3cr3t",
    "mysql://me@127.0.0.1:1/db?sslkeypw=S3cr3t",
    "mysql://me@127.0.0.1:1/db?password;S3cr3t",
    "mysql://me@127.0.0.1:1/db?password:S3cr3t",
    "sqlite+pysqlcipher:///x.db?cipher=aes&key=S3cr3t",
    "mysql -u me -pS3cr3t db",
    "mysql ://me:S3cr3t@127.0.0.1/db",
    "mysql://me:\u{fc} \nS3cr3t@127.0.0.1:1/db",
];

#[track_caller]
fn assert_hidden(ran: &Ran, what: &str) {
    assert_ne!(ran.code, 0, "{what}");
    assert!(!ran.stdout.is_empty() || !ran.stderr.is_empty(), "{what}");
    for told in [&ran.stdout, &ran.stderr] {
        assert!(!told.contains(SECRET), "{what}: {told}");
        assert!(!told.contains("panicked"), "{what}: {told}");
    }
}

#[test]
fn of_urls_that_lead_nowhere() {
    let sandbox = Sandbox::new();
    for url in URLS {
        for (number, command) in COMMANDS.into_iter().enumerate() {
            // JSON is made of the same errors.
            let json = if number % 3 == 0 { &[][..] } else { &["--json"] };
            let arguments = [command, &[url], json].concat();
            let ran = sandbox.run(&arguments);
            assert_hidden(&ran, &arguments.join(" "));
        }
    }
    assert!(sandbox.files().is_empty());
}

#[test]
fn of_urls_in_the_environment() {
    let sandbox = Sandbox::new();
    for url in URLS {
        let mut command = sandbox.command(&["check"]);
        let ran = Ran::from(command.env("MLFLOW_BACKEND_STORE_URI", url).output().unwrap());
        assert_hidden(&ran, url);
    }
    for (variable, url) in [
        ("PGPASSWORD", "postgresql://me@127.0.0.1:1/db"),
        ("MYSQL_PWD", "mysql://me@127.0.0.1:1/db"),
    ] {
        let mut command = sandbox.command(&["check", url]);
        let ran = Ran::from(command.env(variable, SECRET).output().unwrap());
        assert_hidden(&ran, variable);
    }
}

/// Errors about arguments repeat them.
#[test]
fn of_urls_in_the_wrong_place() {
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    let url = "postgresql://me:S3cr3t@127.0.0.1:1/db";
    let option = |name: &str| format!("{name}={url}");
    for arguments in [
        &[url][..],
        &["check", "mlruns.db", url],
        &["upgrade", "mlruns.db", &option("--to")],
        &["upgrade", "mlruns.db", "--to", url],
        &["upgrade", "mlruns.db", &option("--assume")],
        &["check", "mlruns.db", &option("--lock-timeout")],
        &["check", "mlruns.db", &option("--jobs")],
        &["check", &option("--url")],
        &["check", &option("--json")],
        &["check", "mlruns.db", &option("--nonsense")],
    ] {
        assert_hidden(&sandbox.run(arguments), &arguments.join(" "));
    }
}

/// Servers that answer, and refuse.
#[cfg(all(feature = "postgres", feature = "mysql", target_os = "linux"))]
mod of_servers {
    use mlflow_migrate_tests::server::TestServer;

    use super::{COMMANDS, SECRET, assert_hidden};
    use crate::sandbox::Sandbox;

    #[test]
    fn that_refuse() {
        let sandbox = Sandbox::new();
        for server in TestServer::given().unwrap() {
            let administrator = server.address();
            let nobody = administrator.as_user("nobody_there", Some(SECRET));
            let nowhere = administrator.of_database("no_such_database");
            let nowhere = nowhere.as_user(&administrator.user, Some(SECRET));
            let urls = [
                nobody.of_database("mysql").to_string(),
                nowhere.to_string(),
                format!("{}?password={SECRET}", nowhere.without_parameters().as_user("x", None)),
                nowhere
                    .with("ssl_mode", "VERIFY_IDENTITY")
                    .with("sslmode", "verify-full")
                    .to_string(),
            ];
            for (url, command) in urls.iter().flat_map(|url| COMMANDS.map(|command| (url, command)))
            {
                let arguments = [command, &[url.as_str(), "--json"]].concat();
                assert_hidden(&sandbox.run(&arguments), &arguments.join(" "));
            }
        }
    }
}
