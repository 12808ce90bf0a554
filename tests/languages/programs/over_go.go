// Calls the SDK for Go as a program would. Its arguments are the endpoint, the key and a large file.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	"github.com/aliyun/aliyun-oss-go-sdk/oss"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	endpoint, accessKeyID, accessKeySecret, large := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	client, err := oss.New(endpoint, accessKeyID, accessKeySecret)
	check(err)
	bucket, err := client.Bucket("examplebucket")
	check(err)

	names := []string{"50%", "a b", "a+b", "目录/图 1+1=100%.png"}
	read := []string{}
	for _, name := range names {
		check(bucket.PutObject(name, strings.NewReader(name)))
		object, err := bucket.GetObject(name)
		check(err)
		content, err := io.ReadAll(object)
		check(err)
		read = append(read, string(content))
	}
	listing, err := bucket.ListObjects()
	check(err)
	listed := []string{}
	for _, object := range listing.Objects {
		listed = append(listed, object.Key)
	}
	fmt.Println("listed", reflect.DeepEqual(listed, names))
	fmt.Println("read", reflect.DeepEqual(read, names))

	_, err = bucket.CopyObject("a+b", "copy")
	check(err)
	check(bucket.DeleteObject("a+b"))
	copied, err := bucket.IsObjectExist("copy")
	check(err)
	left, err := bucket.IsObjectExist("a+b")
	check(err)
	fmt.Println("moved", copied, left)

	check(bucket.UploadFile("large", large, 1024*1024, oss.Routines(2)))
	check(bucket.DownloadFile("large", large+".back", 1024*1024, oss.Routines(2)))

	check(client.SetBucketReferer("examplebucket", []string{"http://*.example.com"}, false))
	rules, err := client.GetBucketReferer("examplebucket")
	check(err)
	fmt.Println("rules", rules.AllowEmptyReferer, rules.RefererList)

	_, err = bucket.GetObject("missing")
	fmt.Println("missing", err.(oss.ServiceError).Code)

	stranger, err := oss.New(endpoint, accessKeyID, "wrong")
	check(err)
	denied, err := stranger.Bucket("examplebucket")
	check(err)
	err = denied.PutObject("denied", bytes.NewReader(make([]byte, 10*1024*1024)))
	fmt.Println("denied", err.(oss.ServiceError).Code)
}
