//! Makes a part of an upgrade's result beforehand, while MLflow still runs.
//!
//! Prepared are new tables, new columns with their values, and indexes of tables that exist. An
//! older MLflow does not notice them. On a large table an index takes most of an upgrade's time; and
//! a server that keeps its data safe takes a while for each new table. The upgrade then finds them
//! in place. Tables and indexes need no record: the plan of an upgrade says what is missing, and the
//! catalogue says what belongs to later revisions only. Columns are a preparation's where the table
//! of their digests exists.
//!
//! | part | what it does |
//! |---|---|
//! | `preparable` | collects what can be prepared |
//! | `objects` | the tables, rows and indexes that can be prepared |
//! | `tables` | decides which new tables can be created beforehand |
//! | `rows` | decides which new columns can be added and filled beforehand |
//! | `indexes` | decides which indexes can be built beforehand, and which are there |
//! | `build` | makes what can be prepared, one by one |
//! | `fill` | adds columns, and fills them |
//! | `undo` | takes it back |
//! | `report` | what was done, and what is left to the upgrade |

mod build;
mod fill;
mod indexes;
mod objects;
mod preparable;
mod report;
mod rows;
mod tables;
mod undo;

pub use build::prepare;
pub use objects::{PreparableIndex, PreparableRows, PreparableTable};
pub use preparable::Preparable;
pub use report::{FilledRows, LeftOut, PrepareReport, PreparedIndex, PreparedTable};
pub use undo::undo;
