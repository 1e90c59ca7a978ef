//! Who we are in the tenant.

use super::STABLE;
use crate::closure::id::ObjectId;
use crate::closure::observation::Identity;
use crate::microsoft::batch::Item;
use crate::microsoft::batch_read::{self, Body};
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::Failure;
use crate::microsoft::wire::Line;
use serde::Deserialize;
use std::collections::BTreeSet;

#[derive(Deserialize)]
struct Principal {
    id: ObjectId,
}

/// `GET /servicePrincipals(appId='…')` (graph/api/serviceprincipal-get): our own.
pub(in crate::microsoft) fn item(line: &Line<'_>) -> Result<Item, Failure> {
    let name = format!("servicePrincipals(appId='{}')", line.wire.tokens.app_id());
    let url = line.url(Service::Graph, &[STABLE, &name], &[("$select", "id,appId")])?;
    Ok(Item::get(&url))
}

/// What it was answered: the object id of our service principal.
pub(in crate::microsoft) fn told(body: Body) -> Result<ObjectId, Failure> {
    let own: Principal = batch_read::understood(body)?;
    Ok(own.id)
}

/// Who we are: permissions from the token's `roles`; roles by their assignments, or from the token's `wids` where those may
/// not be read.
pub(in crate::microsoft) async fn assemble(
    line: &Line<'_>,
    own: ObjectId,
    roles: Result<BTreeSet<ObjectId>, Failure>,
) -> Result<Identity, Failure> {
    let wire = line.wire;
    let token = wire
        .tokens
        .young_token(&wire.http, Service::Graph, wire.limits.request)
        .await?;
    let directory_roles = match roles {
        Ok(found) => found,
        Err(failure) if failure.lacks_right() => {
            let told = token.claims.wids.iter();
            told.filter_map(|id| ObjectId::parse(id)).collect()
        }
        Err(failure) => return Err(failure),
    };
    Ok(Identity {
        app_id: wire.tokens.app_id(),
        service_principal: own,
        permissions: token.claims.roles.clone(),
        directory_roles,
    })
}
