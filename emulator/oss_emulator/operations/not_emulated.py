"""Operations that are known but not emulated, with their requests and answers (P-40).

A row is a method, a path with its query, and the name in the SDKs or the API reference. The answer
is 501 unless a suite or a help page shows the service's answer without the feature (P-94).
"""

from collections.abc import Iterator
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
    POST /?dataPipeline&action=deleteDataPipelineConfiguration DeleteDataPipelineConfiguration
    POST /?dataPipeline&action=listDataPipelineConfigurations ListDataPipelineConfigurations
    POST /?dataPipeline&action=pauseDataPipeline PauseDataPipeline
    POST /?dataPipeline&action=restartDataPipeline RestartDataPipeline
    GET /?accessPointForObjectProcess ListAccessPointsForObjectProcess
    POST /?x-oss-write-get-object-response WriteGetObjectResponse
    PUT /bucket?accessPointForObjectProcess CreateAccessPointForObjectProcess
    GET /bucket?accessPointForObjectProcess GetAccessPointForObjectProcess
    DELETE /bucket?accessPointForObjectProcess DeleteAccessPointForObjectProcess
    PUT /bucket?accessPointConfigForObjectProcess PutAccessPointConfigForObjectProcess
    GET /bucket?accessPointConfigForObjectProcess GetAccessPointConfigForObjectProcess
    PUT /bucket?accessPointPolicyForObjectProcess PutAccessPointPolicyForObjectProcess
    GET /bucket?accessPointPolicyForObjectProcess GetAccessPointPolicyForObjectProcess
    DELETE /bucket?accessPointPolicyForObjectProcess DeleteAccessPointPolicyForObjectProcess
    GET /?agenticBucket ListAgenticBuckets
    PUT /bucket?agenticBucket CreateAgenticBucket
    GET /bucket?agenticBucket GetAgenticBucket
    DELETE /bucket?agenticBucket DeleteAgenticBucket
    GET /bucket?agenticBucket&bucketSpace ListBucketSpaces
    PUT /bucket?agenticBucket&status PutAgenticBucketStatus
    PUT /bucket?agenticBucket&acl PutAgenticBucketAcl
    GET /bucket?agenticBucket&acl GetAgenticBucketAcl
    PUT /bucket?agenticBucket&encryption PutAgenticBucketEncryption
    GET /bucket?agenticBucket&encryption GetAgenticBucketEncryption
    DELETE /bucket?agenticBucket&encryption DeleteAgenticBucketEncryption
    PUT /bucket?agenticBucket&policy PutAgenticBucketPolicy
    GET /bucket?agenticBucket&policy GetAgenticBucketPolicy
    DELETE /bucket?agenticBucket&policy DeleteAgenticBucketPolicy
    PUT /bucket?agenticBucket&publicAccessBlock PutAgenticBucketPublicAccessBlock
    GET /bucket?agenticBucket&publicAccessBlock GetAgenticBucketPublicAccessBlock
    DELETE /bucket?agenticBucket&publicAccessBlock DeleteAgenticBucketPublicAccessBlock
    PUT /bucket?agenticBucket&quota PutAgenticBucketStorageQuota
    GET /bucket?agenticBucket&quota GetAgenticBucketStorageQuota
    DELETE /bucket?agenticBucket&quota DeleteAgenticBucketStorageQuota
    PUT /bucket?agenticBucket&versioning PutAgenticBucketVersioning
    GET /bucket?agenticBucket&versioning GetAgenticBucketVersioning
    PUT /bucket?dataAccelerator PutBucketDataAccelerator
    GET /bucket?dataAccelerator GetBucketDataAccelerator
    DELETE /bucket?dataAccelerator DeleteBucketDataAccelerator
    POST /bucket?metadataConfiguration CreateBucketMetadataConfiguration
    GET /bucket?metadataConfiguration GetBucketMetadataConfiguration
    DELETE /bucket?metadataConfiguration DeleteBucketMetadataConfiguration
    PUT /bucket?metadataInventoryTable UpdateBucketMetadataInventoryTableConfiguration
    PUT /bucket?metadataJournalTable UpdateBucketMetadataJournalTableConfiguration
    PUT /bucket?responseHeader PutBucketResponseHeader
    GET /bucket?responseHeader GetBucketResponseHeader
    DELETE /bucket?responseHeader DeleteBucketResponseHeader
"""

_OF_VECTORS: Final = """
    GET / ListVectorBuckets
    PUT / PutVectorBucket
    DELETE / DeleteVectorBucket
    GET /?bucketInfo GetVectorBucket
    PUT /?logging PutBucketLogging
    GET /?logging GetBucketLogging
    DELETE /?logging DeleteBucketLogging
    PUT /?policy PutBucketPolicy
    GET /?policy GetBucketPolicy
    DELETE /?policy DeleteBucketPolicy
    POST /?putVectorIndex PutVectorIndex
    POST /?putVectorIndexFusion PutVectorIndexFusion
    POST /?getVectorIndex GetVectorIndex
    POST /?listVectorIndexes ListVectorIndexes
    POST /?deleteVectorIndex DeleteVectorIndex
    POST /?putVectors PutVectors
    POST /?getVectors GetVectors
    POST /?listVectors ListVectors
    POST /?deleteVectors DeleteVectors
    POST /?queryVectors QueryVectors
    POST /?queryVectorsFusion QueryVectorsFusion
"""

_OF_TABLES: Final = """
    PUT /buckets CreateTableBucket
    GET /buckets ListTableBuckets
    GET /buckets/ARN GetTableBucket
    DELETE /buckets/ARN DeleteTableBucket
    PUT /buckets/ARN/encryption PutTableBucketEncryption
    GET /buckets/ARN/encryption GetTableBucketEncryption
    DELETE /buckets/ARN/encryption DeleteTableBucketEncryption
    GET /buckets/ARN/maintenance GetTableBucketMaintenanceConfiguration
    PUT /buckets/ARN/maintenance/TYPE PutTableBucketMaintenanceConfiguration
    PUT /buckets/ARN/policy PutTableBucketPolicy
    GET /buckets/ARN/policy GetTableBucketPolicy
    DELETE /buckets/ARN/policy DeleteTableBucketPolicy
    PUT /namespaces/ARN CreateNamespace
    GET /namespaces/ARN ListNamespaces
    GET /namespaces/ARN/NAMESPACE GetNamespace
    DELETE /namespaces/ARN/NAMESPACE DeleteNamespace
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
    PUT /tables/ARN/NAMESPACE/NAME/policy PutTablePolicy
    GET /tables/ARN/NAMESPACE/NAME/policy GetTablePolicy
    DELETE /tables/ARN/NAMESPACE/NAME/policy DeleteTablePolicy
"""

_ANSWERED: Final = {
    # Suites of SDK V2 for Python and PHP
    ErrorCase.CLOUD_BOXES: """
        GET /?cloudboxes ListCloudBoxes
    """,
    # Suite of SDK V2 for Go
    ErrorCase.NO_SUCH_DATA_PIPELINE: """
        POST /?dataPipeline&action=getDataPipelineConfiguration GetDataPipelineConfiguration
        POST /?dataPipeline&action=putDataPipelineConfiguration PutDataPipelineConfiguration
    """,
    # Help page of EC 0037-00000001, suite of SDK V2 for Go
    ErrorCase.META_QUERY_ACTION: """
        POST /bucket?metaQuery&action DoMetaQueryAction
        POST /bucket?metaQuery&action=openMetaQuery OpenMetaQuery
        POST /bucket?metaQuery&action=getMetaQueryStatus GetMetaQueryStatus
        POST /bucket?metaQuery&action=doMetaQuery DoMetaQuery
        POST /bucket?metaQuery&action=closeMetaQuery CloseMetaQuery
        POST /bucket?metaQuery&action=createDataset CreateDataset
        POST /bucket?metaQuery&action=getDataset GetDataset
        POST /bucket?metaQuery&action=updateDataset UpdateDataset
        POST /bucket?metaQuery&action=deleteDataset DeleteDataset
        POST /bucket?metaQuery&action=listDatasets ListDatasets
        POST /bucket?metaQuery&action=simpleQuery SimpleQuery
        POST /bucket?metaQuery&action=semanticQuery SemanticQuery
        POST /bucket?metaQuery&action=deleteFileMeta DeleteFileMeta
        POST /bucket?metaQuery&action=createSmartCluster CreateSmartCluster
        POST /bucket?metaQuery&action=getSmartCluster GetSmartCluster
        POST /bucket?metaQuery&action=updateSmartCluster UpdateSmartCluster
        POST /bucket?metaQuery&action=deleteSmartCluster DeleteSmartCluster
        POST /bucket?metaQuery&action=listSmartClusters ListSmartClusters
    """,
    # Suite of SDK V2 for Python, which sends the parameter with a capital letter
    ErrorCase.METHOD_NOT_ALLOWED: """
        POST /bucket?MetaQuery&action DoMetaQueryAction
    """,
}


def _rows(
    table: str, resource: Resource | None = None, refusal: ErrorCase = ErrorCase.NOT_IMPLEMENTED
) -> Iterator[Operation]:
    for method, target, name in map(str.split, table.strip().splitlines()):
        path, _, subresource = target.partition("?")
        if resource is None:
            yield refused(name, method, RESOURCES[path], subresource, refusal)
        else:
            yield refused(name, method, resource, subresource, refusal, path)


NOT_EMULATED: Final[tuple[Operation, ...]] = (
    *_rows(_OF_OSS),
    *(row for refusal, table in _ANSWERED.items() for row in _rows(table, None, refusal)),
    *_rows(_OF_VECTORS, Resource.VECTORS),
    *_rows(_OF_TABLES, Resource.TABLES),
)
