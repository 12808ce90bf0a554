// Asks the host in its argument, as a client does that ignores the proxy variables.
package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	request, err := http.NewRequest("GET", os.Args[1], nil)
	if err != nil {
		panic(err)
	}
	for _, variable := range os.Environ() {
		request.Header.Add("x-given", variable)
	}
	client := http.Client{Transport: &http.Transport{}}
	answer, err := client.Do(request)
	if err != nil {
		panic(err)
	}
	fmt.Println(answer.StatusCode)
}
