// Places copies of the experts of one layer on 4 devices by their load.
package main

// #cgo pkg-config: ballast
// #include <ballast.h>
import "C"

import (
	"errors"
	"fmt"
	"runtime"
)

func rebalance(load []float64, replicas, devices int) ([]int64, error) {
	// What went wrong is said to the thread it went wrong on.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	placed := make([]int64, replicas)
	var most C.uint32_t
	status := C.ballast_rebalance((*C.double)(&load[0]), 1, C.uint32_t(len(load)), C.uint32_t(replicas), 1, 1,
		C.uint32_t(devices), 0, (*C.int64_t)(&placed[0]), nil, nil, &most)
	if status != C.BALLAST_OK {
		return nil, errors.New(C.GoString(C.ballast_explanation()))
	}
	return placed, nil
}

func main() {
	load := []float64{90, 132, 40, 61, 104, 165, 39, 4}
	placed, err := rebalance(load, 12, 4)
	if err != nil {
		panic(err)
	}
	for device := 0; device < 4; device++ {
		fmt.Printf("device %d: experts %v\n", device, placed[3*device:3*device+3])
	}
	_, err = rebalance(load, 7, 4)
	fmt.Println(err)
}
