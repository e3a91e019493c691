//! Properties of plans that lead back, on every platform.

use mlflow_migrate_core::plan::{Step, plan, plan_downgrade};
use mlflow_migrate_core::schema::{DifferenceKind, Object, differences};
use mlflow_migrate_tests::checks;
use mlflow_migrate_tests::harness::Check;
use proptest::prelude::*;

use crate::states::{CATALOGUE, PLATFORMS, STATES, add_extras, at, extras, follow, path};

pub(crate) const CHECKS: &[Check] = checks![
    the_head_leads_back_to_every_state,
    downgrades_keep_what_is_the_users,
    a_downgrade_and_an_upgrade_cancel_out,
    a_newer_target_is_refused,
];

fn the_head_leads_back_to_every_state() {
    for (platform, states) in PLATFORMS.iter().zip(STATES.iter()) {
        let (head, live) = &states[70];
        for (to, expected) in states {
            let location = at(head.as_deref());
            let plan =
                plan_downgrade(&CATALOGUE, platform, live, &location, to.as_deref()).unwrap();
            let name = format!("{platform:?}: to {to:?}");
            assert_eq!(differences(expected, &plan.result, platform), [], "{name}");
            assert_eq!(follow(&plan, live, platform), plan.result, "{name}");
            let is_of_tables = |step| matches!(step, &Step::Change(_) | &Step::DropTable(_));
            assert!(plan.steps.iter().all(is_of_tables), "{name}");
        }
    }
}

fn a_newer_target_is_refused() {
    let states = &STATES[0];
    let location = at(states[3].0.as_deref());
    let to = states[4].0.as_deref();
    let refused = plan_downgrade(&CATALOGUE, &PLATFORMS[0], &states[3].1, &location, to);
    assert!(refused.unwrap_err().to_string().contains("which is older than"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 128, ..ProptestConfig::default() })]

    fn downgrades_keep_what_is_the_users(
        platform in 0..PLATFORMS.len(),
        to_index in 0..71_usize,
        further in 0..71_usize,
        extras in extras(),
    ) {
        let (platform, to, from) = path(platform, to_index, further);
        let mut live = from.1.clone();
        add_extras(&mut live, &extras);
        // What the user has added to a table that goes, goes with it.
        let mut kept = live.clone();
        kept.tables.retain(|name, _| to.1.table(name).is_some());
        let added = differences(&from.1, &kept, platform);
        let added = added.iter().filter(|each| each.kind == DifferenceKind::Extra).count();
        let location = at(from.0.as_deref());
        let plan =
            plan_downgrade(&CATALOGUE, platform, &live, &location, to.0.as_deref()).unwrap();

        let found = differences(&to.1, &plan.result, platform);
        prop_assert!(found.iter().all(|each| each.kind == DifferenceKind::Extra), "{found:?}");
        prop_assert_eq!(found.len(), added, "{:?}", found);
        prop_assert_eq!(follow(&plan, &live, platform), plan.result.clone());
    }

    fn a_downgrade_and_an_upgrade_cancel_out(
        platform in 0..PLATFORMS.len(),
        to_index in 0..71_usize,
        further in 1..71_usize,
        extras in extras(),
    ) {
        let (platform, older, newer) = path(platform, to_index, further);
        let mut live = older.1.clone();
        add_extras(&mut live, &extras);
        let (old, new) = (older.0.as_deref(), newer.0.as_deref());
        let up = plan(&CATALOGUE, platform, &live, &at(old), new).unwrap();
        let down = plan_downgrade(&CATALOGUE, platform, &up.result, &at(new), old).unwrap();
        // A column that comes again is the last one, also after columns that the user has added.
        let mut found = differences(&live, &down.result, platform);
        found.retain(|each| each.object != Object::ColumnOrder || each.table != "spans");
        prop_assert_eq!(found, []);
    }
}
