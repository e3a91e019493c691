//! Tests on a server, and checks that need none, as modules list them.

use std::pin::Pin;
use std::sync::Arc;

use libtest_mimic::Failed;

use crate::capability::Capability;
use crate::harness::trial::{Claim, Trial};
use crate::server::TestServer;

/// A test's function.
pub type RunTest = for<'a> fn(&'a TestServer) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

/// A check's function.
pub type RunCheck = fn() -> Pin<Box<dyn Future<Output = ()>>>;

/// A test, and what it needs.
#[derive(Clone, Copy, Debug)]
pub struct Test {
    /// The module's path and the function's name.
    pub name: &'static str,
    /// The function.
    pub run: RunTest,
    /// What a server must have for it.
    pub needs: &'static [Capability],
}

impl Test {
    /// Returns the test's path without the name of the program.
    pub(super) fn short_name(&self) -> &'static str {
        without_program(self.name)
    }

    /// Returns the first need that a server does not meet.
    pub(super) fn lacks(&self, server: &TestServer) -> Option<&'static str> {
        self.needs.iter().find(|need| !need.is_of(server)).map(|need| need.name)
    }

    /// Makes the trial of the test on a server.
    pub(super) fn trial(self, server: &Arc<TestServer>, claim: Claim) -> Trial {
        let name = format!("{}::{}", server.name(), self.short_name());
        let server = Arc::clone(server);
        Trial::new(name, vec![claim], move || block_on((self.run)(&server)))
    }
}

/// What is asserted without a server.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// The module's path and the function's name.
    pub name: &'static str,
    /// The function.
    pub run: RunCheck,
}

impl Check {
    /// Makes the trial of the check.
    pub(super) fn trial(self, claim: Claim) -> Trial {
        Trial::new(without_program(self.name), vec![claim], move || block_on((self.run)()))
    }
}

/// Strips the name of the program from a path.
fn without_program(name: &'static str) -> &'static str {
    name.split_once("::").map_or(name, |(_, rest)| rest)
}

/// Runs a test in a runtime of its own.
fn block_on(test: impl Future<Output = ()>) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(Failed::from)?.block_on(test);
    Ok(())
}

/// Lists the tests of a module: `tests![one, other => NEED, third => NEED => NEED]`, each a function
/// `async fn(&TestServer)`.
#[macro_export]
macro_rules! tests {
    ($($name:ident $(=> $need:expr)*),* $(,)?) => {
        &[$($crate::harness::Test {
            name: concat!(module_path!(), "::", stringify!($name)),
            run: |server| Box::pin($name(server)),
            needs: &[$($need),*],
        }),*]
    };
}

/// Lists the checks of a module: `checks![one, other.await]`, the functions `fn()` and `async fn()`.
#[macro_export]
macro_rules! checks {
    ($($name:ident $(.$wait:ident)?),* $(,)?) => {
        &[$($crate::harness::Check {
            name: concat!(module_path!(), "::", stringify!($name)),
            run: || Box::pin(async { $name()$(.$wait)? }),
        }),*]
    };
}
