"""KMS: Encrypt, Decrypt and GenerateDataKey, for encryption in clients (P-86)."""

from oss_emulator.kms.encryption import decrypt, encrypt, generate_data_key
from oss_emulator.kms.errors import KMS_MESSAGES
from oss_emulator.rpc.product import Action, Product

KMS = Product(
    name="Kms",
    version="2016-01-20",
    actions={
        "Decrypt": Action(decrypt),
        "Encrypt": Action(encrypt),
        "GenerateDataKey": Action(generate_data_key),
    },
    errors=KMS_MESSAGES,
    error_root="KMS",
    error_has_status=True,
)
