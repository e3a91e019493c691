//! Makes a part of an upgrade's result beforehand, while MLflow still runs.
//!
//! Prepared are indexes of tables that exist: an older MLflow does not notice them, and on a large
//! table they take most of an upgrade's time. The upgrade then finds them in place. What is there
//! needs no record: the plan of an upgrade says which of its indexes are missing, and the catalogue
//! says which indexes belong to later revisions only.
//!
//! | part | what it does |
//! |---|---|
//! | `indexes` | decides which indexes can be built beforehand, and which are there |
//! | `run` | builds them, one by one, or takes them back |
//! | `report` | what was done, and what is left to the upgrade |

mod indexes;
mod report;
mod run;

pub use indexes::{Preparable, PreparableIndex, preparable};
pub use report::{LeftOut, PrepareReport, PreparedIndex};
pub use run::{prepare, undo};
