use clap::Args;
use mlflow_migrate::ScriptTarget;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::TargetError;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::report::show::show;

use crate::Context;
use crate::outcome::Outcome;

/// Show what a revision changes, and with --dialect its SQL
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mlflow-migrate show 89d4b8295536
  mlflow-migrate show 75868b020152 --dialect postgres")]
pub(crate) struct Show {
    /// A revision, the beginning of one, `head`, or an MLflow release
    #[arg(value_name = "REVISION")]
    revision: String,

    /// The server whose SQL is shown
    #[arg(long, value_enum)]
    dialect: Option<ScriptTarget>,
}

impl Show {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let catalogue = &context.catalogue;
        let found = Target::parse(&self.revision).resolve(catalogue, None)?;
        let revision = found.as_deref().and_then(|id| catalogue.graph.get(id));
        let Some(revision) = revision else {
            let target = self.revision.clone();
            return Err(Error::Target(TargetError::UnknownTarget { target }));
        };
        let dialect = match self.dialect {
            Some(target) => Some((target.name(), target.dialect()?)),
            None => None,
        };
        let dialect = dialect.as_ref().map(|(name, dialect)| (*name, &**dialect));
        show(catalogue, revision, dialect).await.map(Outcome::Show)
    }
}
