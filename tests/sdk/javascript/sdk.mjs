// Microsoft's public SDK for JavaScript on the simulator: nothing is changed but base URL and credential; Node trusts the simulator's CA.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ClientSecretCredential } from "@azure/identity";
import { BatchRequestContent, BatchResponseContent, Client, PageIterator } from "@microsoft/microsoft-graph-client";
import { TokenCredentialAuthenticationProvider } from "@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js";

const { tenants, urls } = JSON.parse(process.env.SIMULATOR);
const tenant = tenants[0];

function graph(secret = tenant.clientSecret) {
  const credential = new ClientSecretCredential(tenant.id, tenant.appId, secret, {
    authorityHost: urls.login,
    disableInstanceDiscovery: true,
  });
  const authProvider = new TokenCredentialAuthenticationProvider(credential, { scopes: [`${urls.graph}/.default`] });
  return Client.initWithMiddleware({ authProvider, baseUrl: `${urls.graph}/`, customHosts: new Set(["127.0.0.1"]) });
}

async function everybody(client, select) {
  const found = [];
  const first = await client.api("/users").select(select).top(50).get();
  await new PageIterator(client, first, (user) => found.push(user) > 0).iterate();
  return found;
}

test("users come page by page", async () => {
  const users = await everybody(graph(), "id,userType");
  assert.ok(users.length > 200);
  assert.equal(new Set(users.map((user) => user.id)).size, users.length);
});

test("a user is deleted, and users are deleted by batch", async () => {
  const client = graph();
  const roles = await client.api("/roleManagement/directory/roleAssignments").get();
  const stay = new Set([tenant.retainedAdministratorId, tenant.spareAdministratorId, ...roles.value.map((one) => one.principalId)]);
  const users = await everybody(client, "id,isManagementRestricted");
  const free = users.filter((user) => !stay.has(user.id) && !user.isManagementRestricted).map((user) => user.id);
  const [one, ...rest] = free.slice(0, 21);
  await client.api(`/users/${one}`).delete();
  await assert.rejects(client.api(`/users/${one}`).get(), { statusCode: 404, code: "Request_ResourceNotFound" });
  const steps = rest.map((user, at) => ({
    id: String(at),
    request: new Request(`${urls.graph.replace("/graph", "")}/users/${user}`, { method: "DELETE" }),
  }));
  const content = await new BatchRequestContent(steps).getContent();
  const answer = new BatchResponseContent(await client.api("/$batch").post(content));
  for (const step of steps) assert.equal(answer.getResponseById(step.id).status, 204);
});

test("organization, subscriptions, applications and deleted items are read", async () => {
  const client = graph();
  const organization = await client.api("/organization").get();
  assert.equal(organization.value[0].id, tenant.id);
  const subscriptions = await client.api("/directory/subscriptions").get();
  assert.deepEqual(subscriptions.value.map((one) => one.skuPartNumber).sort(), ["POWER_BI_PRO", "SPE_E5"]);
  const applications = await client.api("/applications").filter("displayName eq 'Line of business 1'").get();
  assert.equal(applications.value.length, 1);
  const binned = await client.api("/directory/deletedItems/microsoft.graph.user").get();
  assert.ok(Array.isArray(binned.value));
});

test("a wrong secret is told by its code", async () => {
  await assert.rejects(graph("wrong").api("/users").get(), /AADSTS7000215/);
});
