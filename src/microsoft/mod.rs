//! The tenant over HTTP: Microsoft Graph, Azure Resource Manager and the login service, behind the port
//! [`crate::closure::tenant::Tenant`].
//!
//! One request goes down through these files, and no other way:
//! `live` → `graph`/`arm`/`outside` → `wire` (token, pacing, one refresh) → `request` (https to a compiled-in host).

mod accounts;
mod arm;
mod assertion;
mod auth;
mod backoff;
mod batch;
mod batch_read;
mod calls;
mod claims;
mod clouds;
mod counters;
mod device_code;
mod dns;
mod effect;
mod errors;
mod failure;
mod features;
mod gates;
mod graph;
mod guard_reads;
mod heard;
mod inventory;
mod kept;
mod live;
mod losses;
mod mail;
mod merge;
mod observe;
mod outside;
mod pacing;
mod paging;
mod partner;
mod pauses;
mod perform;
mod proof;
mod reaction;
mod request;
mod settings;
mod settle;
mod token_cache;
mod token_errors;
mod trace;
mod wiped;
mod wire;

pub use auth::{Credentials, TokenError, TokenErrorKind};
pub use calls::{CALLS, Known, document as calls_document, find as find_call};
pub use clouds::{Hosts, Service};
pub use counters::{Counters, Counts};
pub use device_code::{DeviceCode, DeviceSignIn, SignInError, SignedIn};
pub use dns::Dns;
pub use errors::{Row, TABLE as ERRORS};
pub use failure::{Failure, Kind};
pub use gates::{GateState, Gates};
pub use live::LiveTenant;
pub use proof::Proof;
pub use reaction::{Reaction, document as errors_document};
pub use request::{EndpointOverride, Http, HttpError};
pub use settings::{Billing, Limits, Settings};
pub use token_errors::{Follows, TOKEN_TABLE as TOKEN_ERRORS, TokenRow};
