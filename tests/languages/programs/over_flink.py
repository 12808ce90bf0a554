"""Runs a job of Flink on a cluster in this process: distinct lines of a folder, sorted by machine.

Its arguments are the folder of flink-conf.yaml, the input and the output.
"""

import os
import sys

import jpype
import jpype.imports

jpype.startJVM()

from org.apache.flink.api.java import ExecutionEnvironment  # noqa: E402 - packages of Java
from org.apache.flink.configuration import GlobalConfiguration  # noqa: E402
from org.apache.flink.core.fs import FileSystem  # noqa: E402
from org.apache.flink.core.plugin import PluginUtils  # noqa: E402

folder, source, target = sys.argv[1:]
settings = GlobalConfiguration.loadConfiguration(folder)
FileSystem.initialize(settings, PluginUtils.createPluginManagerFromRootFolder(settings))
job = ExecutionEnvironment.createLocalEnvironment(settings)
job.readTextFile(source).distinct("*").writeAsText(target)
try:
    job.execute()
    print("finished", flush=True)
finally:
    os._exit(0)  # threads of Flink would keep the process alive
