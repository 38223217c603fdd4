//! Who is calling, and what models they may use.

use std::sync::Arc;

use http::HeaderMap;
use providers::conversation::ErrorClass;

use super::Denial;
use crate::budget::Subject;
use crate::credential::CallerKey;
use crate::snapshot::{Caller, Callers, matches, path_matches};

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
            Self::Anyone => "anyone",
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
            models.iter().any(|pattern| pattern == requested || matches(pattern, served))
        })
    }
}

/// Recognises the caller by its key, whichever way its SDK sends it (S-41: the key stays here).
pub fn authenticate(
    callers: &Callers,
    headers: &HeaderMap,
    query: Option<&str>,
) -> Result<Who, Denial> {
    let refuse = |message: &str| Denial::new("unknown_caller", ErrorClass::Authentication, message);
    // The key that an SDK insists on sending is whatever its user made up.
    if matches!(callers, Callers::Anyone) {
        // A page in a browser on this machine is somebody else's, and it needs no key here.
        if headers.contains_key(http::header::ORIGIN) {
            let message = "web pages may not call a gateway that knows no callers; list `callers`";
            return Err(Denial::new("browser", ErrorClass::Permission, message));
        }
        return Ok(Who::Anyone);
    }
    let key = CallerKey::of(headers, query).map_err(|two| refuse(&two.to_string()))?;
    let Some(key) = key else {
        return Err(refuse(
            "no key was sent; send the key your platform team gave you, where the SDK takes its API key",
        ));
    };
    callers
        .identify(&key)
        .map(|caller| Who::Known(caller.clone()))
        .ok_or_else(|| refuse("the key is not known here; ask your platform team for one"))
}
