// The emulator in a container, with testcontainers for Go.
package oss_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"
)

func TestDemoIsServed(t *testing.T) {
	ctx := context.Background()
	oss, err := testcontainers.GenericContainer(ctx, testcontainers.GenericContainerRequest{
		ContainerRequest: testcontainers.ContainerRequest{
			Image:        "oss-emulator:latest",
			ExposedPorts: []string{"9000/tcp"},
			WaitingFor:   wait.ForHTTP("/_emulator/health").WithPort("9000/tcp"),
		},
		Started: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = oss.Terminate(ctx) }()
	endpoint, err := oss.PortEndpoint(ctx, "9000/tcp", "http")
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Get(endpoint + "/examplebucket/hello.txt")
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("the status is %d", answer.StatusCode)
	}
}
