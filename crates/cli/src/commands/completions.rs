use clap::Args;
use clap_complete::Shell;
use mlflow_migrate_core::Error;

use crate::Context;
use crate::outcome::{Generated, Outcome};

/// Generate a script that completes commands and options in a shell
///
/// The shell reads the script at its start; its own manual says from where.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mlflow-migrate completions bash > /etc/bash_completion.d/mlflow-migrate
  mlflow-migrate completions fish > ~/.config/fish/completions/mlflow-migrate.fish")]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let mut script = Vec::new();
        let mut command = (context.command_line)();
        let name = command.get_name().to_owned();
        clap_complete::generate(self.shell, &mut command, name, &mut script);
        Ok(Outcome::Completions(Generated { text: String::from_utf8_lossy(&script).into_owned() }))
    }
}
