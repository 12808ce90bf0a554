"""Operations that are known but not emulated, with their requests and answers (P-40).

A row is a method, a path with its query, and names in the SDKs or the API reference. With several
methods, each is the verb of the name, as in PutBucketResponseHeader. Each name completes a query
that ends with `?` or `=`, and begins with a small letter there. The answer is 501 unless a suite or
a help page shows the service's answer without the feature (P-94).
"""

from collections.abc import Iterator
from itertools import product
from typing import Final

from oss_emulator.operations.operation import RESOURCES, Operation, Resource, refused
from oss_emulator.protocol.errors import ErrorCase

_OF_OSS: Final = """
    POST /?batchJob CreateJob
    GET /?batchJob ListJobs
    GET /?batchJob&batchJobId DescribeJob
    POST /?batchJobPriority UpdateJobPriority
    POST /?batchJobStatus UpdateJobStatus
    POST /?dataPipeline DoDataPipelineAction
    POST /?dataPipeline&action= DeleteDataPipelineConfiguration ListDataPipelineConfigurations
    POST /?dataPipeline&action= PauseDataPipeline RestartDataPipeline
    GET /?accessPointForObjectProcess ListAccessPointsForObjectProcess
    POST /?x-oss-write-get-object-response WriteGetObjectResponse
    PUT /bucket?accessPointForObjectProcess CreateAccessPointForObjectProcess
    GET DELETE /bucket?accessPointForObjectProcess AccessPointForObjectProcess
    PUT GET /bucket?accessPointConfigForObjectProcess AccessPointConfigForObjectProcess
    PUT GET DELETE /bucket?accessPointPolicyForObjectProcess AccessPointPolicyForObjectProcess
    GET /?agenticBucket ListAgenticBuckets
    PUT /bucket?agenticBucket CreateAgenticBucket
    GET DELETE /bucket?agenticBucket AgenticBucket
    GET /bucket?agenticBucket&bucketSpace ListBucketSpaces
    PUT /bucket?agenticBucket&status PutAgenticBucketStatus
    PUT GET /bucket?agenticBucket&acl AgenticBucketAcl
    PUT GET DELETE /bucket?agenticBucket&encryption AgenticBucketEncryption
    PUT GET DELETE /bucket?agenticBucket&policy AgenticBucketPolicy
    PUT GET DELETE /bucket?agenticBucket&publicAccessBlock AgenticBucketPublicAccessBlock
    PUT GET DELETE /bucket?agenticBucket&quota AgenticBucketStorageQuota
    PUT GET /bucket?agenticBucket&versioning AgenticBucketVersioning
    PUT GET DELETE /bucket?dataAccelerator BucketDataAccelerator
    POST /bucket?metadataConfiguration CreateBucketMetadataConfiguration
    GET DELETE /bucket?metadataConfiguration BucketMetadataConfiguration
    PUT /bucket?metadataInventoryTable UpdateBucketMetadataInventoryTableConfiguration
    PUT /bucket?metadataJournalTable UpdateBucketMetadataJournalTableConfiguration
    PUT GET DELETE /bucket?responseHeader BucketResponseHeader
"""

_OF_VECTORS: Final = """
    GET / ListVectorBuckets
    PUT DELETE / VectorBucket
    GET /?bucketInfo GetVectorBucket
    PUT GET DELETE /?logging BucketLogging
    PUT GET DELETE /?policy BucketPolicy
    POST /? PutVectorIndex PutVectorIndexFusion GetVectorIndex ListVectorIndexes DeleteVectorIndex
    POST /? PutVectors GetVectors ListVectors DeleteVectors QueryVectors QueryVectorsFusion
"""

_OF_TABLES: Final = """
    PUT /buckets CreateTableBucket
    GET /buckets ListTableBuckets
    GET DELETE /buckets/ARN TableBucket
    PUT GET DELETE /buckets/ARN/encryption TableBucketEncryption
    GET /buckets/ARN/maintenance GetTableBucketMaintenanceConfiguration
    PUT /buckets/ARN/maintenance/TYPE PutTableBucketMaintenanceConfiguration
    PUT GET DELETE /buckets/ARN/policy TableBucketPolicy
    PUT /namespaces/ARN CreateNamespace
    GET /namespaces/ARN ListNamespaces
    GET DELETE /namespaces/ARN/NAMESPACE Namespace
    GET /get-table GetTable
    GET /tables/ARN ListTables
    PUT /tables/ARN/NAMESPACE CreateTable
    DELETE /tables/ARN/NAMESPACE/NAME DeleteTable
    PUT /tables/ARN/NAMESPACE/NAME/rename RenameTable
    GET /tables/ARN/NAMESPACE/NAME/encryption GetTableEncryption
    GET /tables/ARN/NAMESPACE/NAME/maintenance GetTableMaintenanceConfiguration
    PUT /tables/ARN/NAMESPACE/NAME/maintenance/TYPE PutTableMaintenanceConfiguration
    GET /tables/ARN/NAMESPACE/NAME/maintenance-job-status GetTableMaintenanceJobStatus
    GET /tables/ARN/NAMESPACE/NAME/metadata-location GetTableMetadataLocation
    PUT /tables/ARN/NAMESPACE/NAME/metadata-location UpdateTableMetadataLocation
    PUT GET DELETE /tables/ARN/NAMESPACE/NAME/policy TablePolicy
"""

_ANSWERED: Final = {
    # Suites of SDK V2 for Python and PHP
    ErrorCase.CLOUD_BOXES: "GET /?cloudboxes ListCloudBoxes",
    # Suite of SDK V2 for Go
    ErrorCase.NO_SUCH_DATA_PIPELINE: """
        POST /?dataPipeline&action= GetDataPipelineConfiguration PutDataPipelineConfiguration
    """,
    # Help page of EC 0037-00000001, suite of SDK V2 for Go
    ErrorCase.META_QUERY_ACTION: """
        POST /bucket?metaQuery&action DoMetaQueryAction
        POST /bucket?metaQuery&action= OpenMetaQuery GetMetaQueryStatus DoMetaQuery CloseMetaQuery
        POST /bucket?metaQuery&action= CreateDataset GetDataset UpdateDataset DeleteDataset
        POST /bucket?metaQuery&action= ListDatasets SimpleQuery SemanticQuery DeleteFileMeta
        POST /bucket?metaQuery&action= CreateSmartCluster GetSmartCluster UpdateSmartCluster
        POST /bucket?metaQuery&action= DeleteSmartCluster ListSmartClusters
    """,
    # Suite of SDK V2 for Python, which sends the parameter with a capital letter
    ErrorCase.METHOD_NOT_ALLOWED: "POST /bucket?MetaQuery&action DoMetaQueryAction",
}


def _rows(
    table: str, resource: Resource | None = None, refusal: ErrorCase = ErrorCase.NOT_IMPLEMENTED
) -> Iterator[Operation]:
    for row in table.strip().splitlines():
        verbs, _, rest = row.partition("/")
        methods, (target, *names) = verbs.split(), f"/{rest}".split()
        path, _, subresource = target.partition("?")
        place, template = (RESOURCES[path], "") if resource is None else (resource, path)
        completed = target.endswith(("?", "="))
        for name, method in product(names, methods):
            asked = f"{subresource}{name[0].lower()}{name[1:]}" if completed else subresource
            named = f"{method.capitalize()}{name}" if len(methods) > 1 else name
            yield refused(named, method, place, asked, refusal, template)


NOT_EMULATED: Final[tuple[Operation, ...]] = (
    *_rows(_OF_OSS),
    *(row for refusal, table in _ANSWERED.items() for row in _rows(table, None, refusal)),
    *_rows(_OF_VECTORS, Resource.VECTORS),
    *_rows(_OF_TABLES, Resource.TABLES),
)
