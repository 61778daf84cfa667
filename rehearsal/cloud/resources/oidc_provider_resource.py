"""AWS::IAM::OIDCProvider."""

from rehearsal.cloud.ministack.cloudformation import Properties, Provisioned
from rehearsal.cloud.resources.sdk import ClientFactory, Sdk


class OidcProviderResource:
    """Only its address is create-only; the emulator has no calls that change one, so an update makes it anew."""

    name = "AWS::IAM::OIDCProvider"
    create_only = ("Url",)

    def __init__(self, client: ClientFactory) -> None:
        self._iam = Sdk(client, "iam")

    def create(self, _logical_id: str, properties: Properties, _stack: str) -> Provisioned:
        wanted = {key: properties[key] for key in ("Url", "ClientIDList", "ThumbprintList") if properties.get(key)}
        if ids := properties.get("ClientIdList"):  # the template's word for it
            wanted["ClientIDList"] = ids
        arn = self._iam.call("CreateOpenIDConnectProvider", **wanted)["OpenIDConnectProviderArn"]
        return arn, {"Arn": arn}

    def update(self, physical_id: str, old: Properties, new: Properties, stack: str) -> Provisioned:
        self.delete(physical_id, old)
        return self.create("", new, stack)

    def delete(self, physical_id: str, _properties: Properties) -> None:
        self._iam.gone("DeleteOpenIDConnectProvider", "NoSuchEntity", OpenIDConnectProviderArn=physical_id)
