<?php
// Asks for an object by curl; it does not know the emulator.
foreach (["https", "http"] as $scheme) {
    $request = curl_init("$scheme://examplebucket.oss-cn-hangzhou.aliyuncs.com/missing");
    curl_setopt($request, CURLOPT_RETURNTRANSFER, true);
    curl_exec($request);
    echo curl_getinfo($request, CURLINFO_RESPONSE_CODE), curl_error($request), "\n";
}
