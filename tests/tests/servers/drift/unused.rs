//! Objects that are there, and that the server does not use: such a one counts as changed.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::report::check::{Verdict, check};
use mlflow_migrate_tests::capability::SERVER;
use mlflow_migrate_tests::conformance::assert_content;
use mlflow_migrate_tests::database::{Upgrade, upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

pub(crate) const TESTS: &[Test] = tests![
    what_is_not_used_is_drift_until_it_is_put_right => SERVER,
    what_numbers_rows_no_longer_is_drift => SERVER,
];

/// A revision, what makes an object of it unused, and how that is told.
type Case = (&'static str, &'static str, &'static str);

fn cases(server: &TestServer) -> &'static [Case] {
    match server.name().split('-').next() {
        Some("postgres") => &[
            (
                "bd07f7e963c5",
                "UPDATE pg_index SET indisvalid = false \
                 WHERE indexrelid = 'index_tags_run_uuid'::regclass",
                "changed: tags: index index_tags_run_uuid: is INVALID",
            ),
            (
                "bd07f7e963c5",
                "ALTER TABLE tags DROP CONSTRAINT tags_run_uuid_fkey, ADD CONSTRAINT \
                 tags_run_uuid_fkey FOREIGN KEY (run_uuid) REFERENCES runs (run_uuid) NOT VALID",
                "changed: tags: foreign key tags_run_uuid_fkey: is NOT VALID",
            ),
            (
                "7ac759974ad8",
                "ALTER TABLE runs DROP CONSTRAINT runs_lifecycle_stage, ADD CONSTRAINT \
                 runs_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')) NOT VALID",
                "changed: runs: CHECK runs_lifecycle_stage: is NOT VALID",
            ),
            (
                "1bd49d398cd23",
                "ALTER TABLE secrets DISABLE TRIGGER prevent_secrets_aad_mutation",
                "changed: secrets: trigger prevent_secrets_aad_mutation: is DISABLED",
            ),
        ],
        Some("mariadb") => &[(
            "bd07f7e963c5",
            "ALTER TABLE params ALTER INDEX index_params_run_uuid IGNORED",
            "changed: params: index index_params_run_uuid: is IGNORED",
        )],
        // MySQL before 8 has nothing that it would not use.
        _ if !server.keeps_checks() => &[],
        _ => &[
            (
                "bd07f7e963c5",
                "ALTER TABLE params ALTER INDEX index_params_run_uuid INVISIBLE",
                "changed: params: index index_params_run_uuid: is INVISIBLE",
            ),
            (
                "7ac759974ad8",
                "ALTER TABLE runs ALTER CHECK runs_lifecycle_stage NOT ENFORCED",
                "changed: runs: CHECK runs_lifecycle_stage: is NOT ENFORCED",
            ),
        ],
    }
}

const SINCE_POSTGRES_18: &[Case] = &[
    (
        "bd07f7e963c5",
        "ALTER TABLE tags DROP CONSTRAINT tags_run_uuid_fkey, ADD CONSTRAINT \
         tags_run_uuid_fkey FOREIGN KEY (run_uuid) REFERENCES runs (run_uuid) NOT ENFORCED",
        "changed: tags: foreign key tags_run_uuid_fkey: is NOT ENFORCED",
    ),
    (
        "7ac759974ad8",
        "ALTER TABLE runs DROP CONSTRAINT runs_lifecycle_stage, ADD CONSTRAINT \
         runs_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')) NOT ENFORCED",
        "changed: runs: CHECK runs_lifecycle_stage: is NOT ENFORCED",
    ),
];

async fn what_is_not_used_is_drift_until_it_is_put_right(server: &TestServer) {
    let newer = if server.name() == "postgres-18" { SINCE_POSTGRES_18 } else { &[] };
    for (revision, sql, told) in cases(server).iter().chain(newer) {
        let database = server.at(revision).await;
        database.run(sql);
        let before = database.contents();
        let mut backend = database.connect().await.unwrap();
        let checked = check(&mut *backend, server.catalogue(), None).await.unwrap();
        let drift: Vec<String> = checked.drift.iter().map(ToString::to_string).collect();
        assert_eq!((checked.verdict, drift), (Verdict::Drifted, vec![(*told).to_owned()]));
        let error = upgrade(server.catalogue(), &*database, server.head()).await.unwrap_err();
        let Error::Drift { repairs, is_acceptable: true, .. } = &error else {
            panic!("{sql}: {error}")
        };
        assert!(error.to_string().ends_with(told), "{error}");
        assert!(database.contents() == before, "{sql}");
        for statement in repairs {
            database.run(statement);
        }
        upgrade(server.catalogue(), &*database, server.head())
            .await
            .unwrap_or_else(|error| panic!("{sql}, then {repairs:?}: {error}"));
        assert_content(server, &*database, server.head()).await;
    }
}

async fn what_numbers_rows_no_longer_is_drift(server: &TestServer) {
    let is_postgres = server.is_postgres();
    let sql = if is_postgres {
        "ALTER TABLE experiments ALTER COLUMN experiment_id DROP DEFAULT"
    } else {
        "SET foreign_key_checks = 0; ALTER TABLE experiments MODIFY experiment_id INT NOT NULL"
    };
    let database = server.at("7ac759974ad8").await;
    database.run(sql);
    let error = upgrade(server.catalogue(), &*database, server.head()).await.unwrap_err();
    let told = if is_postgres { "numbered by a sequence" } else { "AUTO_INCREMENT" };
    let told = format!("experiments: column experiment_id: not {told}, expected {told}");
    assert!(error.to_string().contains(&told), "{error}");
    let Error::Drift { repairs, .. } = &error else { panic!("{error:?}") };
    database.run(ROW);
    // They are for one session.
    database.run(&repairs.join("; "));
    upgrade(server.catalogue(), &*database, server.head()).await.unwrap();
    assert_content(server, &*database, server.head()).await;
    database.run("INSERT INTO experiments (name) VALUES ('next')");
    let ids = database.query("SELECT experiment_id FROM experiments ORDER BY 1");
    assert_eq!(ids, [[0.into()], [7.into()], [8.into()]]);
    if is_postgres {
        let database = server.at("7ac759974ad8").await;
        database.run(
            "INSERT INTO experiments (name, lifecycle_stage) VALUES ('a', 'active'), ('b', 'active');
             SELECT setval('experiments_experiment_id_seq', 1, false)",
        );
        let (upgraded, events) =
            Upgrade::default().run(server.catalogue(), &*database, server.head()).await;
        upgraded.unwrap();
        let told =
            "experiments_experiment_id_seq was behind the rows of experiments, and is set to 2";
        assert!(format!("{events:?}").contains(told), "{events:?}");
        assert_content(server, &*database, server.head()).await;
        for spoil in SPOILED {
            database.run(spoil);
            let mut backend = database.connect().await.unwrap();
            let verified = mlflow_migrate_core::report::verify::verify(
                &mut *backend,
                server.catalogue(),
                None,
                false,
            );
            let violations = verified.await.unwrap().violations;
            let [violation] = &violations[..] else { panic!("{spoil}: {violations:?}") };
            let (_, rest) = violation.problem.split_once('`').unwrap();
            let (remedy, _) = rest.rsplit_once('`').unwrap();
            remedy.split("; ").for_each(|statement| database.run(statement));
            assert_content(server, &*database, server.head()).await;
            database.run("INSERT INTO experiments (name) VALUES (md5(random()::text))");
        }
    }
}

/// What MLflow's first experiment and another one look like.
const ROW: &str = "INSERT INTO experiments (experiment_id, name, lifecycle_stage)
                   VALUES (0, 'Default', 'active'), (7, 'seven', 'active')";

/// What keeps a sequence of PostgreSQL's from giving a number that no row has.
const SPOILED: [&str; 6] = [
    "SELECT setval('experiments_experiment_id_seq', 1, false)",
    "SELECT setval('experiments_experiment_id_seq', 2147483647)",
    "ALTER SEQUENCE experiments_experiment_id_seq MAXVALUE 2 CYCLE RESTART WITH 1",
    "ALTER SEQUENCE experiments_experiment_id_seq INCREMENT BY -1 MINVALUE -100 RESTART WITH 2",
    "ALTER SEQUENCE experiments_experiment_id_seq AS bigint NO MAXVALUE;
     SELECT setval('experiments_experiment_id_seq', 9223372036854775807)",
    "ALTER SEQUENCE experiments_experiment_id_seq MINVALUE 1000 MAXVALUE 1001 START WITH 1000 RESTART;
     SELECT nextval('experiments_experiment_id_seq'), nextval('experiments_experiment_id_seq')",
];
