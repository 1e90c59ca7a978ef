"""Microsoft's public SDK for Python on the simulator: nothing is changed but base URL, credential and the authority trusted by TLS.

SIMULATOR holds the line that `tenant-simulator serve --output json` prints first; SSL_CERT_FILE and REQUESTS_CA_BUNDLE name its CA.
"""

import json
import os
import unittest

from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.identity import CertificateCredential, ClientSecretCredential
from azure.mgmt.billing import BillingManagementClient
from azure.mgmt.subscription import SubscriptionClient
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.directory_objects.get_by_ids.get_by_ids_post_request_body import (
    GetByIdsPostRequestBody,
)
from msgraph.generated.models.assigned_license import AssignedLicense
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.organization import Organization
from msgraph.generated.models.user import User
from msgraph.generated.users.item.assign_license.assign_license_post_request_body import (
    AssignLicensePostRequestBody,
)
from msgraph.generated.users.item.user_item_request_builder import UserItemRequestBuilder
from msgraph.generated.users.users_request_builder import UsersRequestBuilder
from msgraph_core.requests.batch_request_content import BatchRequestContent
from msgraph_core.requests.batch_request_item import BatchRequestItem
from msgraph_core.tasks.page_iterator import PageIterator

SIMULATOR = json.loads(os.environ["SIMULATOR"])
TENANT = SIMULATOR["tenants"][0]
URLS = SIMULATOR["urls"]


def credential(secret=TENANT["clientSecret"], tenant=TENANT["id"]):
    """The SDK's own credential; a private authority is not looked up in Microsoft's list of clouds."""
    return ClientSecretCredential(
        tenant,
        TENANT["appId"],
        secret,
        authority=URLS["login"],
        disable_instance_discovery=True,
    )


def graph(who=None):
    """A client with the SDK's normal middleware."""
    provider = AzureIdentityAuthenticationProvider(
        who or credential(),
        scopes=[URLS["graph"] + "/.default"],
        allowed_hosts=["127.0.0.1"],
    )
    adapter = GraphRequestAdapter(provider)
    adapter.base_url = URLS["graph"] + "/v1.0"
    return GraphServiceClient(request_adapter=adapter)


def asked(top=None, select=None, filter=None, count=None, headers=(), search=None, orderby=None):
    """How a listing of users is asked for."""
    query = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(
        top=top, select=select, filter=filter, count=count, search=search, orderby=orderby
    )
    configuration = RequestConfiguration(query_parameters=query)
    for name, value in headers:
        configuration.headers.add(name, value)
    return configuration


def batched(request):
    """An item with a relative URL: msgraph-core leaves it absolute, which Graph refuses (msgraph-sdk-python, issue 1015)."""
    item = BatchRequestItem(request_information=request)
    item.url = item.url.removeprefix(URLS["graph"] + "/v1.0")
    return item


class Graph(unittest.IsolatedAsyncioTestCase):
    """Microsoft Graph by msgraph-sdk."""

    async def asyncSetUp(self):
        self.graph = graph()

    async def users(self, **how):
        page = await self.graph.users.get(asked(**how))
        found = []
        pages = PageIterator(page, self.graph.request_adapter)
        await pages.iterate(lambda user: found.append(user) or True)
        return found

    async def plain(self, wanted):
        """Users whom nothing protects."""
        stays = {TENANT["retainedAdministratorId"], TENANT["spareAdministratorId"]}
        how = ["id", "userPrincipalName", "isManagementRestricted"]
        everyone = await self.users(top=100, select=how)
        roles = await self.graph.role_management.directory.role_assignments.get()
        stays |= {one.principal_id for one in roles.value}
        free = [u for u in everyone if u.id not in stays and not u.is_management_restricted]
        return free[:wanted]

    async def test_users_come_page_by_page(self):
        everyone = await self.users(top=50, select=["id", "userPrincipalName", "userType"])
        ids = {user.id for user in everyone}
        self.assertEqual(len(ids), len(everyone))
        self.assertGreater(len(ids), 200)
        self.assertIn(TENANT["retainedAdministratorId"], ids)
        self.assertTrue(all("@" in user.user_principal_name for user in everyone))
        self.assertEqual({user.user_type for user in everyone}, {"Member", "Guest"})
        self.assertIsNone(everyone[0].display_name)

    async def test_count_and_filter(self):
        eventual = [("ConsistencyLevel", "eventual")]
        guests = await self.graph.users.get(
            asked(top=5, filter="userType eq 'Guest'", count=True, headers=eventual)
        )
        self.assertEqual(len(guests.value), 5)
        self.assertGreater(guests.odata_count, 5)
        with self.assertRaises(ODataError) as refused:
            await self.graph.users.get(asked(top=5, count=True))
        self.assertEqual(refused.exception.error.code, "Request_UnsupportedQuery")

    async def test_users_are_filtered_searched_and_sorted(self):
        eventual = [("ConsistencyLevel", "eventual")]
        everyone = await self.users(top=999, select=["displayName", "userPrincipalName", "city"])
        self.assertTrue(all(user.city is None for user in everyone))
        one = everyone[7]
        either = f"userPrincipalName in ('{one.user_principal_name}', '{TENANT['retainedAdministrator']}')"
        found = await self.graph.users.get(asked(filter=either))
        self.assertEqual(len(found.value), 2)
        members = await self.graph.users.get(
            asked(filter="userType ne 'Guest'", count=True, headers=eventual, top=1)
        )
        self.assertLess(members.odata_count, len(everyone))
        name = one.display_name.split()[1]
        searched = await self.graph.users.get(
            asked(search=f'"displayName:{name}"', top=999, headers=eventual)
        )
        names = [user.display_name for user in searched.value]
        self.assertIn(one.display_name, names)
        self.assertTrue(all(name in other for other in names))
        ordered = await self.graph.users.get(asked(orderby=["displayName desc"], top=20))
        names = [user.display_name.lower() for user in ordered.value]
        self.assertEqual(names, sorted(names, reverse=True))
        for how in [{"filter": "userType ne 'Guest'"}, {"filter": "contains(displayName,'a')"}]:
            with self.assertRaises(ODataError) as refused:
                await self.graph.users.get(asked(**how))
            self.assertEqual(refused.exception.error.code, "Request_UnsupportedQuery")

    async def test_a_user_is_changed_and_his_license_taken(self):
        [one] = await self.plain(1)
        item = self.graph.users.by_user_id(one.id)
        await item.patch(User(city="Utrecht", account_enabled=False, usage_location="NL"))
        how = UserItemRequestBuilder.UserItemRequestBuilderGetQueryParameters(
            select=["city", "accountEnabled"]
        )
        changed = await item.get(RequestConfiguration(query_parameters=how))
        self.assertEqual((changed.city, changed.account_enabled), ("Utrecht", False))
        [sku] = [s for s in (await self.graph.subscribed_skus.get()).value if s.sku_part_number == "SPE_E5"]
        held = (await item.license_details.get()).value
        body = AssignLicensePostRequestBody(
            add_licenses=[] if held else [AssignedLicense(sku_id=sku.sku_id, disabled_plans=[])],
            remove_licenses=[sku.sku_id] if held else [],
        )
        await item.assign_license.post(body)
        now = (await item.license_details.get()).value
        self.assertEqual(len(now), 0 if held else 1)
        with self.assertRaises(ODataError) as refused:
            await item.patch(User(on_premises_sync_enabled=False))
        self.assertEqual(refused.exception.response_status_code, 400)

    async def test_one_user_is_read_deleted_found_in_the_bin_and_restored(self):
        [victim] = await self.plain(1)
        one = await self.graph.users.by_user_id(victim.user_principal_name).get()
        self.assertEqual(one.id, victim.id)
        self.assertIsNotNone(one.display_name)
        await self.graph.users.by_user_id(victim.id).delete()
        with self.assertRaises(ODataError) as gone:
            await self.graph.users.by_user_id(victim.id).get()
        self.assertEqual(gone.exception.response_status_code, 404)
        self.assertEqual(gone.exception.error.code, "Request_ResourceNotFound")
        self.assertIsNotNone(gone.exception.error.inner_error.request_id)
        binned = await self.graph.directory.deleted_items.graph_user.get()
        self.assertIn(victim.id, {user.id for user in binned.value})
        found = await self.graph.directory.deleted_items.by_directory_object_id(victim.id).get()
        self.assertIsNotNone(found.deleted_date_time)
        item = self.graph.directory.deleted_items.by_directory_object_id(victim.id)
        back = await item.restore.post(None)
        self.assertEqual(back.id, victim.id)
        await self.graph.users.by_user_id(victim.id).get()

    async def test_users_are_deleted_by_batch(self):
        victims = [user.id for user in await self.plain(18)]
        stays = TENANT["spareAdministratorId"]
        content = BatchRequestContent()
        names = {}
        for user in victims + ["00000000-0000-0000-0000-00000000dead"]:
            request = self.graph.users.by_user_id(user).to_delete_request_information()
            item = batched(request)
            names[item.id] = user
            content.add_request(item.id, item)
        request = self.graph.users.by_user_id(stays).to_get_request_information()
        item = batched(request)
        content.add_request(item.id, item)
        answer = await self.graph.batch.post(batch_request_content=content)
        statuses = answer.get_response_status_codes()
        self.assertEqual(len(statuses), 20)
        self.assertEqual(statuses[item.id], 200)
        for name, user in names.items():
            self.assertEqual(statuses[name], 204 if user in victims else 404, user)
        left = {user.id for user in await self.users(top=999, select=["id"])}
        self.assertFalse(left & set(victims))

    async def test_an_absolute_url_in_a_batch_is_refused_as_graph_refuses_it(self):
        # The SDK knows its base URL from the first request on.
        await self.graph.organization.get()
        content = BatchRequestContent()
        request = self.graph.organization.to_get_request_information()
        item = BatchRequestItem(request_information=request)
        content.add_request(item.id, item)
        answer = await self.graph.batch.post(batch_request_content=content)
        self.assertEqual(answer.get_response_status_codes(), {item.id: 400})

    async def test_directory_objects_by_ids(self):
        ids = [TENANT["retainedAdministratorId"], TENANT["spareAdministratorId"]]
        body = GetByIdsPostRequestBody(ids=ids, types=["user"])
        answer = await self.graph.directory_objects.get_by_ids.post(body)
        self.assertEqual({type(one).__name__ for one in answer.value}, {"User"})
        self.assertEqual({one.id for one in answer.value}, set(ids))

    async def test_changes_since_last_time(self):
        delta = await self.graph.users.delta.get()
        seen = {user.id for user in delta.value}
        while delta.odata_next_link:
            delta = await self.graph.users.delta.with_url(delta.odata_next_link).get()
            seen |= {user.id for user in delta.value}
        self.assertIn(TENANT["retainedAdministratorId"], seen)
        [victim] = await self.plain(1)
        await self.graph.users.by_user_id(victim.id).delete()
        delta = await self.graph.users.delta.with_url(delta.odata_delta_link).get()
        removed = {u.id: u.additional_data.get("@removed") for u in delta.value}
        self.assertEqual(removed[victim.id], {"reason": "changed"})

    async def test_organization_domains_and_roles(self):
        [organization] = (await self.graph.organization.get()).value
        self.assertEqual(organization.id, TENANT["id"])
        initial = [one.name for one in organization.verified_domains if one.is_initial]
        self.assertEqual(initial, [TENANT["initialDomain"]])
        domains = await self.graph.domains.get()
        self.assertEqual({one.id for one in domains.value}, {TENANT["initialDomain"], "contoso.nl"})
        item = self.graph.organization.by_organization_id(TENANT["id"])
        await item.patch(Organization(on_premises_sync_enabled=False))
        roles = await self.graph.directory_roles.get()
        self.assertIn("Global Administrator", {role.display_name for role in roles.value})

    async def test_subscriptions_and_products(self):
        subscriptions = (await self.graph.directory.subscriptions.get()).value
        self.assertEqual({one.sku_part_number for one in subscriptions}, {"SPE_E5", "POWER_BI_PRO"})
        self.assertTrue(all(one.next_lifecycle_date_time.tzinfo for one in subscriptions))
        skus = (await self.graph.subscribed_skus.get()).value
        self.assertEqual(skus[0].prepaid_units.enabled, 900)

    async def test_applications_and_service_principals(self):
        names = {one.display_name for one in (await self.graph.applications.get()).value}
        self.assertIn("Line of business 1", names)
        principals = (await self.graph.service_principals.get()).value
        microsoft = [one for one in principals if one.display_name.startswith("Microsoft service")]
        item = self.graph.service_principals.by_service_principal_id(microsoft[0].id)
        with self.assertRaises(ODataError) as refused:
            await item.delete()
        self.assertEqual(refused.exception.error.code, "Authorization_RequestDenied")
        own = await self.graph.applications_with_app_id(TENANT["appId"]).get()
        self.assertEqual(own.app_id, TENANT["appId"])
        [first] = [one for one in principals if one.display_name == "Vendor application 1"]
        await self.graph.service_principals.by_service_principal_id(first.id).delete()
        binned = await self.graph.directory.deleted_items.graph_service_principal.get()
        self.assertIn(first.id, {one.id for one in binned.value})

    async def test_policies(self):
        reader = ClientSecretCredential(
            TENANT["id"],
            TENANT["readerAppId"],
            TENANT["readerSecret"],
            authority=URLS["login"],
            disable_instance_discovery=True,
        )
        self.graph = graph(reader)
        policies = await self.graph.identity.conditional_access.policies.get()
        self.assertEqual([one.state.value for one in policies.value], ["enabled"])
        defaults = await self.graph.policies.identity_security_defaults_enforcement_policy.get()
        self.assertIsInstance(defaults.is_enabled, bool)

    async def test_a_wrong_secret_is_told_by_its_code(self):
        with self.assertRaises(ClientAuthenticationError) as refused:
            await graph(credential(secret="wrong")).users.get()
        self.assertIn("AADSTS7000215", str(refused.exception))
        with self.assertRaises(ClientAuthenticationError):
            await graph(credential(tenant="00000000-0000-0000-0000-00000000dead")).users.get()

    async def test_a_certificate_signs_in_and_a_foreign_one_does_not(self):
        how = {"authority": URLS["login"], "disable_instance_discovery": True}
        path = os.environ["CERTIFICATE"]
        mine = CertificateCredential(TENANT["id"], TENANT["appId"], certificate_path=path, **how)
        await graph(mine).organization.get()
        # The reader has registered no certificate.
        other = TENANT["readerAppId"]
        foreign = CertificateCredential(TENANT["id"], other, certificate_path=path, **how)
        with self.assertRaises(ClientAuthenticationError) as refused:
            await graph(foreign).organization.get()
        self.assertIn("AADSTS700027", str(refused.exception))

    async def test_any_request_goes_through_the_adapter(self):
        request = RequestInformation(Method.GET, "{+baseurl}/users/$count", {})
        request.headers.add("ConsistencyLevel", "eventual")
        request.path_parameters = {"baseurl": URLS["graph"] + "/v1.0"}
        count = await self.graph.request_adapter.send_primitive_async(request, "int", {})
        self.assertGreater(count, 200)


class Arm(unittest.TestCase):
    """Azure Resource Manager by azure-mgmt-*."""

    def setUp(self):
        self.how = {"base_url": URLS["arm"], "credential_scopes": [URLS["arm"] + "/.default"]}

    def test_azure_subscriptions_are_listed_and_canceled(self):
        client = SubscriptionClient(credential(), **self.how)
        [one] = list(client.subscriptions.list())
        self.assertEqual((one.state, one.display_name), ("Enabled", "AZURE_PAYG"))
        canceled = client.subscription.cancel(one.subscription_id)
        self.assertEqual(canceled.subscription_id, one.subscription_id)
        self.assertEqual(client.subscriptions.get(one.subscription_id).state, "Disabled")

    def test_a_billing_subscription_stops_renewing_and_is_canceled(self):
        client = BillingManagementClient(credential(), subscription_id=TENANT["id"], **self.how)
        [account, direct] = list(client.billing_accounts.list())
        self.assertEqual(account.name, TENANT["billingAccount"])
        properties = getattr(direct, "properties", None) or direct
        self.assertEqual(properties.agreement_type, "MicrosoftOnlineServicesProgram")
        # What was bought directly is shown where it is asked for, to be read.
        asked = client.billing_subscriptions.list_by_billing_account(
            direct.name, include_tenant_subscriptions=True
        )
        self.assertEqual(len(list(asked)), 1)
        # A Customer Agreement's account shows its own subscriptions only.
        [one] = list(client.billing_subscriptions.list_by_billing_account(account.name))
        properties = getattr(one, "properties", None) or one
        self.assertEqual(properties.auto_renew, "On")
        client.billing_subscriptions.begin_delete(account.name, one.name).result()
        one = client.billing_subscriptions.get(account.name, one.name)
        properties = getattr(one, "properties", None) or one
        self.assertEqual(properties.status, "Cancelled")
        with self.assertRaises(HttpResponseError) as refused:
            client.billing_subscriptions.get(account.name, "00000000-0000-0000-0000-00000000dead")
        self.assertEqual(refused.exception.status_code, 404)


if __name__ == "__main__":
    unittest.main()
