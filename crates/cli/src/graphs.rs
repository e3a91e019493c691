//! Which of MLflow's migration graphs a command works on.

use std::sync::Arc;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::Backend;
use mlflow_migrate_core::error::TargetError;
use mlflow_migrate_core::event::{Event, Observer};
use mlflow_migrate_core::graphs::GraphName;
use mlflow_migrate_core::history::catalogue::Catalogue;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::report::graphs::graphs_present;

use crate::Context;
use crate::outcome::Outcome;
use crate::render::Renderer;

/// The choice of a graph.
#[derive(Args, Debug)]
pub(crate) struct GraphArgument {
    /// Whose tables: those of the tracking store, or of the auth app (`--app-name basic-auth`). By
    /// default all that the database has, and in an empty one the tracking store's
    #[arg(long, value_name = "GRAPH", value_parser = graph_parser())]
    graph: Option<GraphName>,
}

fn graph_parser() -> impl TypedValueParser<Value = GraphName> {
    let names = PossibleValuesParser::new(GraphName::ALL.map(GraphName::as_str));
    names.map(|name| match name.as_str() {
        "auth" => GraphName::Auth,
        _ => GraphName::Tracking,
    })
}

impl GraphArgument {
    /// Returns the graph that the user names.
    pub(crate) fn named(&self) -> Option<GraphName> {
        self.graph
    }

    /// Returns the graphs to work on, in their order.
    ///
    /// # Errors
    /// If the database cannot be read, or an argument could be meant for either graph.
    pub(crate) async fn of(
        &self,
        backend: &mut dyn Backend,
        context: &Context,
        arguments: &Unclear<'_>,
    ) -> Result<Vec<GraphName>, Error> {
        if let Some(graph) = self.graph {
            return Ok(vec![graph]);
        }
        let found = graphs_present(backend, &context.catalogue, &context.auth).await?;
        if found.is_empty() {
            return Ok(vec![GraphName::Tracking]);
        }
        arguments.refuse(context, &found)?;
        Ok(found)
    }

    /// Returns the only graph that the database has, or the one that the user names.
    ///
    /// # Errors
    /// If the database cannot be read, or has both graphs. `argument` is what does not name one.
    pub(crate) async fn only(
        &self,
        backend: &mut dyn Backend,
        context: &Context,
        argument: &str,
    ) -> Result<GraphName, Error> {
        if let Some(graph) = self.graph {
            return Ok(graph);
        }
        let found = graphs_present(backend, &context.catalogue, &context.auth).await?;
        match found.as_slice() {
            [] => Ok(GraphName::Tracking),
            [graph] => Ok(*graph),
            _ => {
                let argument = argument.to_owned();
                Err(Error::Target(TargetError::SeveralGraphs { argument, graphs: found }))
            }
        }
    }
}

/// The arguments that may fit one graph only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unclear<'a> {
    /// The value of `--assume`.
    pub(crate) assume: Option<&'a str>,
    /// The target.
    pub(crate) target: Option<&'a Target>,
}

impl Unclear<'_> {
    /// Refuses arguments that do not fit each of the graphs that were found.
    fn refuse(&self, context: &Context, found: &[GraphName]) -> Result<(), Error> {
        let graphs = found.to_vec();
        if self.assume == Some("empty") {
            return Err(Error::Target(TargetError::NotEmpty { graphs }));
        }
        let [_, _, ..] = found else { return Ok(()) };
        let fits = |target: &Target| {
            let mut catalogues = found.iter().map(|graph| context.catalogue_of(*graph));
            catalogues.all(|catalogue| target.resolve(catalogue, None).is_ok())
        };
        let argument = match (self.assume, self.target) {
            (Some(assumed), _) => format!("`--assume {assumed}`"),
            (None, Some(Target::Relative(steps))) => format!("`--to +{steps}`"),
            (None, Some(Target::Named(name))) if !fits(&Target::Named(name.clone())) => {
                format!("`--to {name}`")
            }
            _ => return Ok(()),
        };
        Err(Error::Target(TargetError::SeveralGraphs { argument, graphs }))
    }
}

impl Context {
    /// Returns the revisions and releases of a graph.
    pub(crate) fn catalogue_of(&self, graph: GraphName) -> &Catalogue {
        match graph {
            GraphName::Tracking => &self.catalogue,
            GraphName::Auth => &self.auth,
        }
    }

    /// Returns the observer of what is done to one of some graphs.
    ///
    /// Its events name the graph, unless only the tracking store's is worked on.
    pub(crate) fn observer_of(&self, graph: GraphName, graphs: &[GraphName]) -> Arc<dyn Observer> {
        let renderer = Arc::<dyn Renderer>::clone(&self.renderer);
        match graphs {
            [] | [GraphName::Tracking] => renderer,
            _ => Arc::new(OfGraph { graph, renderer }),
        }
    }
}

/// Passes events on with the name of their graph.
struct OfGraph {
    graph: GraphName,
    renderer: Arc<dyn Renderer>,
}

impl Observer for OfGraph {
    fn notify(&self, event: &Event) {
        self.renderer.notify_of(self.graph, event);
    }
}

impl Outcome {
    /// Returns the results about some graphs as one result.
    pub(crate) fn of_graphs(mut outcomes: Vec<(GraphName, Self)>) -> Self {
        match outcomes.as_slice() {
            [(GraphName::Tracking, _)] => outcomes.remove(0).1,
            _ => Self::Graphs(outcomes),
        }
    }
}
