//! Who is calling, and what models they may use.

use std::sync::Arc;

use http::HeaderMap;
use providers::conversation::ErrorClass;

use super::Denial;
use crate::budget::Subject;
use crate::credential::CallerKey;
use crate::identity::{Caller, InMetrics, Peer, Recognised};
use crate::snapshot::{Callers, Snapshot, allows_model, path_matches};

/// What metrics call all whose names they don't tell.
const OTHER: &str = "(other)";

/// A caller that has been recognised.
#[derive(Clone, Debug)]
pub enum Who {
    /// Nobody in particular: the configuration lets anyone call.
    Anyone,
    /// A caller of the configuration.
    Known(Arc<Caller>),
}

impl Who {
    /// The caller's name in budgets, metrics and logs.
    pub fn name(&self) -> &str {
        match self {
            Self::Anyone => Callers::ANYONE,
            Self::Known(caller) => &caller.name,
        }
    }

    /// Whom a call is counted against, as far as the caller decides that.
    pub fn subject(&self) -> Subject<'_> {
        match self {
            Self::Anyone => Subject { caller: self.name(), ..Subject::default() },
            Self::Known(caller) => Subject {
                caller: &caller.name,
                group: &caller.group,
                namespace: &caller.namespace,
                service_account: &caller.service_account,
                labels: &caller.labels,
                ..Subject::default()
            },
        }
    }

    /// Further groups that the caller is in: for what it may do, not for what it spends.
    pub fn more_groups(&self) -> &[String] {
        match self {
            Self::Anyone => &[],
            Self::Known(caller) => &caller.more_groups,
        }
    }

    /// The same as metrics tell of it: there are more identities than series that one can keep
    /// (S-52).
    pub fn in_metrics(&self) -> Subject<'_> {
        let told = match self {
            Self::Anyone => InMetrics::ALL,
            Self::Known(caller) => caller.in_metrics,
        };
        let subject = self.subject();
        let name = |told, name| if told { name } else { OTHER };
        Subject {
            caller: name(told.name, subject.caller),
            namespace: name(told.namespace, subject.namespace),
            service_account: name(told.service_account, subject.service_account),
            ..subject
        }
    }

    /// Whether the caller may ask for a path that is passed on unread: if it is held to no list
    /// of models, or its list of paths has it.
    pub fn may_pass(&self, path: &str) -> bool {
        match self {
            Self::Anyone => true,
            Self::Known(caller) => match &caller.paths {
                Some(paths) => paths.iter().any(|pattern| path_matches(pattern, path)),
                None => caller.models.is_none(),
            },
        }
    }

    /// Whether the caller may have `served` answer when it asks for `requested`.
    ///
    /// Its list names what is served, and by patterns only that; an alias counts where it stands
    /// in the list letter for letter, since the operator then meant the route behind it.
    pub fn may_use(&self, requested: &str, served: &str) -> bool {
        let models = match self {
            Self::Anyone => None,
            Self::Known(caller) => caller.models.as_deref(),
        };
        models.is_none_or(|models| {
            models.iter().any(|pattern| pattern == requested || allows_model(pattern, served))
        })
    }
}

/// Who calls, and how that was found out.
pub struct Authenticated<'a> {
    /// In a word, for metrics; see [`Recognised::method`].
    pub method: &'a str,
    /// Who it is.
    pub who: Result<Who, Denial>,
}

/// What a request shows of who sends it.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its query.
    pub query: Option<&'a str>,
    /// The certificate of its connection.
    pub peer: Option<&'a Peer>,
}

/// Recognises the caller by its key or token, whichever way its SDK sends it (S-41: it stays here),
/// or by its certificate.
pub async fn authenticate<'a>(snapshot: &'a Snapshot, shown: Shown<'_>) -> Authenticated<'a> {
    let Shown { headers, query, peer } = shown;
    let anyone = |who| Authenticated { method: "anyone", who };
    let Callers::Known(directory) = &snapshot.callers else {
        // A page in a browser on this machine is somebody else's, and it needs no key here.
        if headers.contains_key(http::header::ORIGIN) {
            let message = "web pages may not call a gateway that knows no callers; list `callers`";
            return anyone(Err(Denial::new("browser", ErrorClass::Permission, message)));
        }
        // The key that an SDK insists on sending is whatever its user made up.
        return anyone(Ok(Who::Anyone));
    };
    let key = match CallerKey::of(headers, query) {
        Ok(key) => key,
        Err(two) => {
            let message = two.to_string();
            let denial = Denial::new("unknown_caller", ErrorClass::Authentication, message);
            return Authenticated { method: "key", who: Err(denial) };
        }
    };
    let peer = peer.map(|peer| {
        let of = snapshot.listeners.iter().find(|listener| listener.address == peer.listener);
        (peer, of.and_then(|listener| listener.tls.as_ref()?.clients()))
    });
    let Recognised { method, caller } = directory.recognise(key.as_ref(), peer).await;
    let who = caller.map(Who::Known).map_err(|refused| {
        let outage = refused.outage;
        let class = if outage { ErrorClass::Overloaded } else { ErrorClass::Authentication };
        Denial::new(refused.reason, class, refused.message)
    });
    Authenticated { method, who }
}
