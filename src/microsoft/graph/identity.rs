//! Who we are in the tenant.

use super::{STABLE, roles};
use crate::closure::id::ObjectId;
use crate::closure::observation::Identity;
use crate::microsoft::clouds::Service;
use crate::microsoft::failure::{Failure, Kind};
use crate::microsoft::wire::Line;
use serde::Deserialize;

#[derive(Deserialize)]
struct Principal {
    id: ObjectId,
}

/// Permissions from the token's `roles`; our service principal by `GET /servicePrincipals(appId='…')`
/// (graph/api/serviceprincipal-get); its roles by their assignments, or from the token's `wids` where those may not be read.
pub(in crate::microsoft) async fn read(line: &Line<'_>) -> Result<Identity, Failure> {
    let wire = line.wire;
    let app_id = wire.tokens.app_id();
    let token = wire
        .tokens
        .young_token(&wire.http, Service::Graph, wire.limits.request)
        .await?;
    let name = format!("servicePrincipals(appId='{app_id}')");
    let query = [("$select", "id,appId")];
    let url = line.url(Service::Graph, &[STABLE, &name], &query)?;
    let own: Principal = line.get(Service::Graph, url).await?;
    let directory_roles = match roles::of_principal(line, own.id).await {
        Ok(found) => found,
        Err(failure) if failure.kind == Kind::Forbidden => {
            let told = token.claims.wids.iter();
            told.filter_map(|id| ObjectId::parse(id)).collect()
        }
        Err(failure) => return Err(failure),
    };
    Ok(Identity {
        app_id,
        service_principal: own.id,
        permissions: token.claims.roles.clone(),
        directory_roles,
    })
}
