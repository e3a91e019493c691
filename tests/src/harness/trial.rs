//! A trial, and what no other trial may use meanwhile.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use libtest_mimic::Failed;

use crate::harness::report::Times;

/// Something that trials share: the whole program, a server, the nodes of a cluster.
#[derive(Clone, Debug, Default)]
pub struct Resource(Arc<RwLock<()>>);

/// What a trial claims of a resource while it runs.
#[derive(Clone, Debug)]
pub enum Claim {
    /// Trials that claim a share run at the same time.
    Shared(Resource),
    /// No other trial that claims anything of the resource runs at the same time.
    Exclusive(Resource),
}

/// Runs something while all these claims are granted, one after the other. Whether an earlier trial has
/// failed does not matter.
fn while_granted<T>(claims: &[Claim], run: impl FnOnce() -> T) -> T {
    match claims.split_first() {
        None => run(),
        Some((Claim::Shared(Resource(lock)), rest)) => {
            let _guard = lock.read().unwrap_or_else(PoisonError::into_inner);
            while_granted(rest, run)
        }
        Some((Claim::Exclusive(Resource(lock)), rest)) => {
            let _guard = lock.write().unwrap_or_else(PoisonError::into_inner);
            while_granted(rest, run)
        }
    }
}

/// One entry of the program's list.
pub struct Trial {
    name: String,
    claims: Vec<Claim>,
    run: Box<dyn FnOnce() -> Result<(), Failed> + Send>,
}

impl Trial {
    /// Makes a trial that runs as soon as its claims are granted, one after the other. Trials with several
    /// claims state them in the same order.
    pub fn new(
        name: impl Into<String>,
        claims: Vec<Claim>,
        run: impl FnOnce() -> Result<(), Failed> + Send + 'static,
    ) -> Self {
        Self { name: name.into(), claims, run: Box::new(run) }
    }

    /// Says whether the trial claims a resource for itself.
    pub(super) fn is_alone_on(&self, resource: &Resource) -> bool {
        let is_exclusive = |claim: &Claim| match claim {
            Claim::Shared(_) => false,
            Claim::Exclusive(claimed) => Arc::ptr_eq(&claimed.0, &resource.0),
        };
        self.claims.iter().any(is_exclusive)
    }

    /// Notes how long the trial takes, from when its claims are granted.
    pub(super) fn timed(self, times: &Times) -> libtest_mimic::Trial {
        let Self { name, claims, run } = self;
        let (times, timed) = (times.clone(), name.clone());
        libtest_mimic::Trial::test(name, move || {
            while_granted(&claims, || {
                let _stopwatch = times.start(timed);
                run()
            })
        })
    }
}

impl fmt::Debug for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trial").field("name", &self.name).field("claims", &self.claims).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::slice;
    use std::sync::mpsc::{RecvTimeoutError, channel};
    use std::thread;
    use std::time::Duration;

    use super::{Claim, Resource, Trial, while_granted};

    /// Says whether a claim is granted only after another one is released.
    fn waits(held: &Claim, claim: &Claim) -> bool {
        const LONG_ENOUGH: Duration = Duration::from_secs(30);
        let (sender, granted) = channel();
        thread::scope(|scope| {
            let at_once = while_granted(slice::from_ref(held), || {
                scope.spawn(move || {
                    while_granted(slice::from_ref(claim), || sender.send(()).unwrap());
                });
                granted.recv_timeout(Duration::from_millis(100))
            });
            if at_once.is_err() {
                granted.recv_timeout(LONG_ENOUGH).unwrap();
            }
            at_once == Err(RecvTimeoutError::Timeout)
        })
    }

    #[test]
    fn only_an_exclusive_claim_waits_or_is_waited_for() {
        let resource = Resource::default();
        let shared = Claim::Shared(resource.clone());
        let exclusive = Claim::Exclusive(resource);
        let of_another = Claim::Exclusive(Resource::default());
        assert!(waits(&shared, &exclusive));
        assert!(waits(&exclusive, &shared));
        assert!(waits(&exclusive, &exclusive));
        assert!(!waits(&shared, &shared));
        assert!(!waits(&exclusive, &of_another));
    }

    #[test]
    fn a_trial_is_alone_on_what_it_claims_exclusively() {
        let (one, other) = (Resource::default(), Resource::default());
        let claims = vec![Claim::Shared(one.clone()), Claim::Exclusive(other.clone())];
        let trial = Trial::new("name", claims, || Ok(()));
        assert!(!trial.is_alone_on(&one));
        assert!(trial.is_alone_on(&other));
    }
}
