// Asks for an object by net/http; it does not know the emulator.
package main

import (
	"fmt"
	"net/http"
)

func main() {
	for _, scheme := range []string{"https", "http"} {
		answer, err := http.Get(scheme + "://examplebucket.oss-cn-hangzhou.aliyuncs.com/missing")
		if err != nil {
			panic(err)
		}
		fmt.Println(answer.StatusCode)
	}
}
